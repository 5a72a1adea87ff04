"""Meetings and names as hr_networks tells them; papers with their numbers, attendance and what follows from it."""

from common.migrate import run_sql_beside

revision = "tr0010"
down_revision = "tr0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql_beside(__file__)
