"""The census: what is asked, of whom, what was answered, and whom it named."""

from common.migrate import run_sql_beside

revision = "hr0001"
down_revision = None
branch_labels = ("hr_networks",)
depends_on = "c0002"


def upgrade() -> None:
    run_sql_beside(__file__)
