"""What is done about avis as time passes: they are asked for, recalled twice, and lapse."""

from datetime import datetime, timedelta

import msgspec
from asyncpg import Record

from common import mail
from common.clock import today_in
from common.handlers import Jobs
from common.identifiers import dec_hook
from common.tx import Tx
from training.avis import documents
from training.avis.documents import Demand
from training.avis.domain import RHYTHM, lapse, reminder_due
from training.candidatures import store
from training.candidatures.domain import Candidature

jobs = Jobs("training")
SOON = timedelta(days=max(RHYTHM) + 1)  # a little wide: which day it is depends on the académie


@jobs.every(timedelta(seconds=2))
async def ask_for_avis(tx: Tx, at: datetime) -> int:
    """A submitted candidature is told to its school, once, as soon as the school has an address."""
    rows = await tx.fetch(NOT_ASKED)
    tx.many(ASKED, [(row["academie"], row["candidature"], at) for row in rows])
    for row in rows:
        mail.send(tx, row["academie"], documents.demand(demand_of(row)))
    return len(rows)


@jobs.every(timedelta(minutes=1))
async def recall_avis(tx: Tx, at: datetime) -> int:
    recalled = 0
    for row in await tx.fetch(NOT_GIVEN, at.date() + SOON):
        asked, today = demand_of(row), today_in(row["academie"], at)
        asked_on = today_in(row["academie"], row["avis_asked_at"])
        step = reminder_due(asked_on, asked.deadline, row["sent"], today=today)
        if step is None:
            continue
        tx.many(RECALL, [(asked.academie, asked.candidature, step, today)])
        mail.send(tx, asked.academie, documents.reminder(asked, days_before=step))
        recalled += 1
    return recalled


@jobs.every(timedelta(minutes=1))
async def let_avis_lapse(tx: Tx, at: datetime) -> int:
    """The midnight that ends the deadline: silence is a state of its own, which the office decides upon."""
    lapsed = 0
    for row in await tx.fetch(OVERDUE, at.date()):
        waiting = msgspec.json.decode(row["candidature"], type=Candidature, dec_hook=dec_hook)
        event = lapse(waiting, row["avis_deadline"], today=today_in(waiting.academie, at))
        if event is not None:
            await store.record(tx, waiting.academie, [event])
            lapsed += 1
    return lapsed


def demand_of(row: Record) -> Demand:
    return msgspec.convert(dict(row), Demand)


DEMAND = """
SELECT c.academie, c.id AS candidature, o.title, o.avis_deadline AS deadline, s.uai, s.name AS school, s.mail,
    c.avis_asked_at, ARRAY(
        SELECT r.days_before FROM avis_reminder r WHERE (r.academie, r.candidature) = (c.academie, c.id)) AS sent
FROM candidature c
JOIN offer o ON (o.academie, o.id) = (c.academie, c.offer)
JOIN school s ON (s.academie, s.uai) = (c.academie, c.uai)
WHERE c.status = 'submitted' AND s.mail <> '' AND {scope}
ORDER BY c.academie, c.id {limit} FOR UPDATE OF c
"""
NOT_ASKED = DEMAND.format(scope="c.avis_asked_at IS NULL", limit="LIMIT 500")
NOT_GIVEN = DEMAND.format(scope="c.avis_asked_at IS NOT NULL AND o.avis_deadline <= $1", limit="")

ASKED = "UPDATE candidature SET avis_asked_at = $3 WHERE academie = $1 AND id = $2"

RECALL = "INSERT INTO avis_reminder (academie, candidature, days_before, sent_on) VALUES ($1, $2, $3, $4)"

# A little wide: which day it is depends on the académie.
OVERDUE = """
SELECT to_jsonb(c) AS candidature, o.avis_deadline
FROM candidature c JOIN offer o ON (o.academie, o.id) = (c.academie, c.offer)
WHERE c.status = 'submitted' AND o.avis_deadline <= $1
ORDER BY c.academie, c.id FOR UPDATE OF c
"""
