"""Académies, bassins, établissements, their memberships, and the imports that change them."""

from common.migrate import run_sql_beside

revision = "t0001"
down_revision = None
depends_on = ("c0002",)
branch_labels = ("territory",)


def upgrade() -> None:
    run_sql_beside(__file__)
