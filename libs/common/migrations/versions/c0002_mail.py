"""The mails of every service: written with a decision, sent afterwards."""

from common.migrate import run_sql_beside

revision = "c0002"
down_revision = "c0001"


def upgrade() -> None:
    run_sql_beside(__file__)
