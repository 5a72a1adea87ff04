"""What time does to exports: a file that names people goes when its legal retention ends."""

from datetime import datetime, timedelta

from common import audit
from common.clock import today_in
from common.handlers import Jobs
from common.tx import Tx

jobs = Jobs("payroll")


@jobs.every(timedelta(hours=6))
async def forget_old_files(tx: Tx, at: datetime) -> int:
    """The digest, the totals and the lines' elements stay."""
    rows = await tx.fetch(DUE, at.date())
    over = [row for row in rows if row["keep_until"] < today_in(row["academie"], at)]
    tx.many(FORGET, [(row["academie"], row["id"]) for row in over])
    for row in over:
        audit.record(tx, row["academie"], "export-file-forgotten", row["id"])
    return len(over)


# A little wide: which day it is depends on the académie.
DUE = "SELECT academie, id, keep_until FROM export WHERE content IS NOT NULL AND keep_until <= $1 FOR UPDATE"

FORGET = "UPDATE export SET content = NULL WHERE academie = $1 AND id = $2"
