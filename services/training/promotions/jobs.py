"""What is done about promotions as time passes: they are told by mail, and those not accepted go to the next."""

from datetime import datetime, timedelta

import msgspec

from common import mail
from common.clock import today_in
from common.handlers import Jobs
from common.tx import Tx
from training.candidatures import store
from training.promotions import documents
from training.promotions.documents import Call
from training.promotions.domain import expire_promotion, is_expired

jobs = Jobs("training")


@jobs.every(timedelta(seconds=2))
async def tell_promoted(tx: Tx, at: datetime) -> int:
    """Once, as soon as an address is known."""
    called = [msgspec.convert(dict(row), Call) for row in await tx.fetch(NOT_TOLD)]
    tx.many(TOLD, [(each.academie, each.candidature, at) for each in called])
    for each in called:
        mail.send(tx, each.academie, documents.call(each))
    return len(called)


@jobs.every(timedelta(minutes=1))
async def expire_promotions(tx: Tx, at: datetime) -> int:
    """The midnight that ends the delay; under the lock of the offer each is looked at again."""
    expired = 0
    for row in await tx.fetch(DUE, at.date()):
        standing = (await store.lock_all_around(tx, row["id"])).standing
        promoted, today = standing.one(row["id"]), today_in(standing.academie, at)
        if promoted.accept_by is not None and is_expired(promoted, today=today):
            await store.record(tx, standing.academie, expire_promotion(standing, promoted, today=today))
            expired += 1
    return expired


NOT_TOLD = """
SELECT c.academie, c.id AS candidature, o.title, c.accept_by, p.work_mail
FROM candidature c
JOIN offer o ON (o.academie, o.id) = (c.academie, c.offer)
JOIN linked_person p ON (p.academie, p.person) = (c.academie, c.person)
WHERE c.status = 'promoted' AND c.promotion_told_at IS NULL AND p.work_mail <> ''
ORDER BY c.academie, c.id LIMIT 500 FOR UPDATE OF c
"""

TOLD = "UPDATE candidature SET promotion_told_at = $3 WHERE academie = $1 AND id = $2"

# A little wide: which day it is depends on the académie. Without a lock: the whole offer is locked before deciding.
DUE = "SELECT id FROM candidature WHERE status = 'promoted' AND accept_by <= $1 ORDER BY offer, id"
