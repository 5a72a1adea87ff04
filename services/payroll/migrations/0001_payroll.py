"""Campaigns, what missions and attendance say, what the coordination enters, elements and their exports."""

from common.migrate import run_sql_beside

revision = "pa0001"
down_revision = None
branch_labels = ("payroll",)
depends_on = "c0002"


def upgrade() -> None:
    run_sql_beside(__file__)
