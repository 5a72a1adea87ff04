"""An offer and its groups, who applies, the avis of the chefs d'établissement, who goes."""

from common.migrate import run_sql_beside

revision = "tr0002"
down_revision = "tr0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql_beside(__file__)
