"""Schema infra, and the tables every service has."""

from common.migrate import run_sql_beside

revision = "c0001"
down_revision = None
branch_labels = ("common",)


def upgrade() -> None:
    run_sql_beside(__file__)
