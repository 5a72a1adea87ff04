"""Whoever withdraws after he was convened is told that he is expected no more: his convocation is cancelled."""

from datetime import datetime, timedelta

from common.handlers import Jobs
from common.tx import Tx
from common.uuid7 import uuid7
from training.convocations.domain import follow_withdrawal
from training.papers import store
from training.papers.documents import cancellation
from training.papers.domain import Kind

jobs = Jobs("training")
WITHDRAWN = "La candidature a été retirée."


@jobs.every(timedelta(seconds=30))
async def release_withdrawn(tx: Tx, at: datetime) -> int:
    """Under the counter each is looked at again."""
    rows = await tx.fetch(EXPECTED)
    for row in rows:
        sheet, paper = await store.hold(tx, row["id"]), uuid7()
        events = follow_withdrawal(sheet.paper, sheet.subject, cancelling=paper)
        drafts = [
            cancellation(sheet.paper, Kind.CONVOCATION, subject=sheet.subject, paper=paper, reason=WITHDRAWN)
            for _ in events
        ]
        await store.record(tx, sheet.counter, drafts, events)
    return len(rows)


EXPECTED = """
SELECT p.id FROM paper p
JOIN session s ON (s.academie, s.id) = (p.academie, p.subject)
JOIN module m ON (m.academie, m.id) = (s.academie, s.module)
JOIN candidature c ON (c.academie, c.offer, c.person) = (p.academie, m.offer, p.person)
WHERE p.kind = 'CV' AND p.cancels IS NULL AND p.cancelled_by IS NULL AND c.status = 'withdrawn'
ORDER BY p.academie, p.id LIMIT 100
"""
