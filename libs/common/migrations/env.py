"""What alembic runs: the connection and its roles come from common.migrate, never from an ini file."""

from alembic import context

from common.migrate import INFRA

options = {"version_table": "alembic_version", "version_table_schema": INFRA}

if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True, **options)
else:
    context.configure(connection=context.config.attributes["connection"], transaction_per_migration=True, **options)

with context.begin_transaction():
    context.run_migrations()
