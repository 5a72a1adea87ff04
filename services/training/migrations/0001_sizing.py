"""What training hears of a census, and of where schools are."""

from common.migrate import run_sql_beside

revision = "tr0001"
down_revision = None
branch_labels = ("training",)
depends_on = "c0002"


def upgrade() -> None:
    run_sql_beside(__file__)
