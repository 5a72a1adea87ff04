"""What a restored database forgot of erasures: one that was published is done again, whatever the backup held."""

from datetime import datetime, timedelta

from common import people
from common.contracts.hr_networks import PEOPLE
from common.handlers import Jobs
from common.tx import Tx
from hr_networks.people.personal import PERSONAL

jobs = Jobs("hr_networks")
REASON = "Effacement déjà publié, oublié par la base restaurée."


@jobs.every(timedelta(seconds=30))
async def erase_again_what_a_restore_forgot(tx: Tx, at: datetime) -> int:
    rows = await tx.fetch(ERASED_BEFORE, PEOPLE)
    for row in rows:
        await people.blank(tx, row["academie"], PERSONAL, row["id"], reason=REASON)
    return len(rows)


ERASED_BEFORE = """
SELECT DISTINCT p.academie, p.id FROM infra.lost_fact l JOIN person p ON p.id = l.subject
WHERE l.stream = $1 AND NOT p.erased AND (convert_from(l.payload, 'UTF8')::jsonb ->> 'erased')::boolean
ORDER BY p.academie, p.id
"""
