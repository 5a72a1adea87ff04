"""What alembic runs: the connection and its roles come from common.migrate, never from an ini file."""

from functools import partial

from alembic import context

from common.migrate import VERSIONS

configure = partial(context.configure, **VERSIONS)

if context.is_offline_mode():
    configure(dialect_name="postgresql", literal_binds=True)
else:
    configure(connection=context.config.attributes["connection"], transaction_per_migration=True)

with context.begin_transaction():
    context.run_migrations()
