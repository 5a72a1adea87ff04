"""What payroll does when training sends somebody on mission and when a meeting was held: it computes what is due."""

import msgspec

from common.contracts.events import Fact
from common.contracts.hr_networks import MeetingHeld
from common.contracts.training import OrdreDeMissionCancelled, OrdreDeMissionIssued
from common.handlers import Reactions
from common.tx import Tx
from payroll.elements import store as elements

reactions = Reactions("payroll")


@reactions.to(OrdreDeMissionIssued)
async def expect_expense(tx: Tx, fact: Fact[OrdreDeMissionIssued]) -> None:
    """Open it now; it becomes an element with the attendance, which may be known already."""
    mission = fact.event
    paper = (mission.subject, mission.number, mission.person, mission.uai, mission.meeting)
    cause = (mission.candidature, mission.avis, mission.commune, mission.starts_at, mission.ends_at)
    half_days = msgspec.json.encode(mission.half_days).decode()
    await tx.execute(EXPECT, fact.academie, *paper, *cause, half_days, fact.id, fact.time)
    await elements.compute(tx, fact.academie, [mission.person], at=fact.time)


@reactions.to(OrdreDeMissionCancelled)
async def drop_expectation(tx: Tx, fact: Fact[OrdreDeMissionCancelled]) -> None:
    """Nothing is expected any more; what was established is held, what was paid is taken back."""
    await tx.execute(CANCEL, fact.academie, fact.event.subject, fact.event.cancelling, fact.time)
    await elements.compute(tx, fact.academie, [fact.event.person], at=fact.time)


@reactions.to(MeetingHeld)
async def note_service_done(tx: Tx, fact: Fact[MeetingHeld]) -> None:
    """Keep who was there; a correction replaces all of it."""
    held = fact.event
    there = [{"person": p.person, "day": p.day, "half": p.half} for p in held.presences if p.present]
    presences = msgspec.json.encode(there).decode()
    await tx.execute(NOTE, fact.academie, held.subject, held.bassin, presences, fact.id, fact.time)
    rows = await tx.fetch(SENT_TO, fact.academie, held.subject)  # only now: who was just sent there is seen
    await elements.compute(tx, fact.academie, [row["person"] for row in rows], at=fact.time)


EXPECT = """
WITH held AS (
    INSERT INTO service_done (academie, meeting) VALUES ($1, $6)
    ON CONFLICT (academie, meeting) DO UPDATE SET meeting = EXCLUDED.meeting
)
INSERT INTO expected_expense (academie, mission, number, person, uai, meeting, candidature, avis, commune, starts_at,
    ends_at, half_days, fact, known_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (academie, mission) DO UPDATE SET number = EXCLUDED.number, person = EXCLUDED.person, uai = EXCLUDED.uai,
    meeting = EXCLUDED.meeting, candidature = EXCLUDED.candidature, avis = EXCLUDED.avis, commune = EXCLUDED.commune,
    starts_at = EXCLUDED.starts_at, ends_at = EXCLUDED.ends_at, half_days = EXCLUDED.half_days,
    fact = EXCLUDED.fact, known_at = EXCLUDED.known_at
"""

CANCEL = """
UPDATE expected_expense SET cancelling = $3, cancelled_at = $4 WHERE academie = $1 AND mission = $2
"""

NOTE = """
INSERT INTO service_done (academie, meeting, bassin, presences, fact, known_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (academie, meeting) DO UPDATE SET bassin = EXCLUDED.bassin, presences = EXCLUDED.presences,
    fact = EXCLUDED.fact, known_at = EXCLUDED.known_at
"""

SENT_TO = "SELECT DISTINCT person FROM expected_expense WHERE academie = $1 AND meeting = $2 ORDER BY person"
