"""The charter, the networks of the bassins, whom training made animateurs, their meetings and who came."""

from common.migrate import run_sql_beside

revision = "hr0002"
down_revision = "hr0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql_beside(__file__)
