"""Attendance in the database: the meeting locked with its roll, and each version of who came."""

from uuid import UUID

import msgspec
from msgspec import Struct

from common import audit, outbox
from common.contracts.hr_networks import MeetingHeld
from common.identity import Agent
from common.refusal import UnknownMeeting
from common.tx import Tx
from hr_networks.attendance.domain import Roll
from hr_networks.meetings.domain import Convener, Meeting, Status
from hr_networks.meetings.store import convener_of, meeting_of


class Called(Struct, frozen=True):
    """A meeting, and all that its attendance is judged against."""

    meeting: Meeting
    roll: Roll
    convener: Convener
    version: int  # of the attendance recorded; 0 while there is none


async def lock(tx: Tx, meeting: UUID, agent: Agent) -> Called:
    row = await tx.fetchrow(LOCK, meeting, agent.id)
    if row is None:
        raise UnknownMeeting
    found = meeting_of(row)
    decoded = {name: msgspec.json.decode(row[name]) for name in ("half_days", "recorded")}
    roll = msgspec.convert({**row, **decoded}, Roll)
    return Called(found, roll, convener_of(agent, found.bassin, row["convener"]), row["attendance"] or 0)


async def record(tx: Tx, called: Called, held: MeetingHeld, *, reason: str | None, by: UUID) -> int:
    """The meeting's new revision; a correction is a further version of the attendance."""
    meeting, version = called.meeting, called.version + 1
    lines = msgspec.json.encode(held.presences).decode()
    await tx.execute(RECORD, meeting.academie, meeting.id, version, by, tx.at, lines)
    outbox.append(tx, meeting.academie, [held])
    action = "attendance-corrected" if meeting.status is Status.HELD else "meeting-held"
    detail: dict[str, str | int] = {"version": version, "presences": len(held.presences)}
    audit.record(tx, meeting.academie, action, meeting.id, reason=reason, detail=detail)
    return meeting.revision + 1


LOCK = """
SELECT m.id, m.academie, m.offer, m.function, m.bassin, m.starts_at, m.ends_at, m.place, m.commune, m.animateurs,
    m.status, m.revision, m.attendance,
    (SELECT jsonb_agg(jsonb_build_object('day', m.day, 'half', h.half) ORDER BY h.half)
     FROM (VALUES ('am', m.morning), ('pm', m.afternoon)) AS h (half, taken) WHERE h.taken) AS half_days,
    ARRAY(SELECT DISTINCT person FROM convened_on(m.academie, m.function, m.bassin, m.day)) AS convened,
    ARRAY(SELECT animateurs_of(m.academie, m.bassin, m.offer)) AS trained,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('person', r.person, 'day', m.day, 'half', r.half,
        'present', r.present, 'justified', r.justified)), '[]')
     FROM presence r WHERE (r.academie, r.meeting, r.version) = (m.academie, m.id, m.attendance)) AS recorded,
    (SELECT p.id FROM person p WHERE p.academie = m.academie AND p.agent = $2 AND NOT p.erased) AS convener
FROM meeting m WHERE m.id = $1 FOR UPDATE OF m
"""

RECORD = """
WITH held AS (
    UPDATE meeting SET status = 'held', attendance = $3, revision = revision + 1, changed_at = $5
    WHERE academie = $1 AND id = $2
)
INSERT INTO presence (academie, meeting, version, person, half, present, justified, recorded_by, recorded_at)
SELECT $1, $2, $3, l.person, l.half, l.present, l.justified, $4, $5
FROM jsonb_to_recordset($6::jsonb) AS l (person uuid, half text, present bool, justified bool)
"""
