"""« Le calendrier … sera communiqué à la DIFOR »: each meeting planned, moved or cancelled is written to the office."""

from datetime import datetime, timedelta

import msgspec

from common import mail
from common.handlers import Jobs
from common.tx import Tx
from hr_networks.meetings.documents import Communicated, communication

jobs = Jobs("hr_networks")


@jobs.every(timedelta(seconds=10))
async def communicate_the_calendar(tx: Tx, at: datetime) -> int:
    """By the address of the charter published last; what changed twice meanwhile is told once, as it is now."""
    told = [msgspec.convert(dict(row), Communicated) for row in await tx.fetch(NOT_COMMUNICATED)]
    tx.many(COMMUNICATED, [(each.academie, each.id, each.sequence) for each in told])
    for each in told:
        mail.send(tx, each.academie, communication(each))
    return len(told)


NOT_COMMUNICATED = """
SELECT m.academie, m.id, c.office, c.mail, coalesce(o.title, '') AS offer_title, m.bassin,
    coalesce(b.name, '') AS bassin_name, m.starts_at, m.ends_at, m.place, m.status, m.sequence
FROM meeting m
JOIN charter c ON c.academie = m.academie
    AND c.version = (SELECT max(l.version) FROM charter l WHERE l.academie = m.academie)
LEFT JOIN offer o ON (o.academie, o.id) = (m.academie, m.offer)
LEFT JOIN bassin b ON (b.academie, b.code) = (m.academie, m.bassin)
WHERE m.communicated < m.sequence
ORDER BY m.academie, m.id LIMIT 500 FOR UPDATE OF m
"""

COMMUNICATED = "UPDATE meeting SET communicated = $3 WHERE academie = $1 AND id = $2"
