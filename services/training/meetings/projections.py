"""The meetings of the bassins as hr_networks tells them: whom to send, whom to convene, and who came."""

import msgspec

from common.contracts.events import Fact
from common.contracts.hr_networks import MeetingCancelled, MeetingHeld, MeetingMoved, MeetingPlanned
from common.handlers import Projection
from common.tx import ProjectionTx

meetings = Projection("meetings", tables=("meeting",))


@meetings.on(MeetingPlanned)
async def keep_meeting(tx: ProjectionTx, fact: Fact[MeetingPlanned]) -> None:
    keep(tx, fact)


@meetings.on(MeetingMoved)
async def move_meeting(tx: ProjectionTx, fact: Fact[MeetingMoved]) -> None:
    keep(tx, fact)


@meetings.on(MeetingCancelled)
async def cancel_meeting(tx: ProjectionTx, fact: Fact[MeetingCancelled]) -> None:
    tx.many(CANCEL, [(fact.academie, fact.event.subject)])


@meetings.on(MeetingHeld)
async def keep_presences(tx: ProjectionTx, fact: Fact[MeetingHeld]) -> None:
    """A correction replaces all of it."""
    presences = msgspec.json.encode(fact.event.presences).decode()
    tx.many(HOLD, [(fact.academie, fact.event.subject, presences)])


def keep(tx: ProjectionTx, fact: Fact[MeetingPlanned] | Fact[MeetingMoved]) -> None:
    said = fact.event
    half_days = msgspec.json.encode(said.half_days).decode()
    what = (said.offer, said.function, said.bassin, said.starts_at, said.ends_at, half_days)
    tx.many(KEEP, [(fact.academie, said.subject, *what, said.place, said.commune, list(said.animateurs))])


KEEP = """
INSERT INTO meeting (academie, id, offer, function, bassin, starts_at, ends_at, half_days, place, commune, animateurs)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (academie, id) DO UPDATE SET starts_at = EXCLUDED.starts_at, ends_at = EXCLUDED.ends_at,
    half_days = EXCLUDED.half_days, place = EXCLUDED.place, commune = EXCLUDED.commune,
    animateurs = EXCLUDED.animateurs
"""

CANCEL = "UPDATE meeting SET status = 'cancelled' WHERE academie = $1 AND id = $2"

HOLD = "UPDATE meeting SET status = 'held', presences = $3 WHERE academie = $1 AND id = $2"
