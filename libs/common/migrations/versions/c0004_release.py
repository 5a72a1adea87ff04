"""A service may see how far its database was migrated: what starts before it waits for its own release's schema."""

from common.migrate import run_sql_beside

revision = "c0004"
down_revision = "c0003"


def upgrade() -> None:
    run_sql_beside(__file__)
