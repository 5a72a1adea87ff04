"""Meetings in the database: what is locked before a decision, and what a decision writes."""

from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from common import audit, outbox
from common.contracts.hr_networks import MeetingCancelled, MeetingMoved, MeetingPlanned
from common.contracts.training import HalfDay
from common.identifiers import CodeAcademie, CodeBassin, dec_hook
from common.identity import Agent, Role
from common.refusal import UnknownMeeting
from common.tx import Tx
from hr_networks.meetings.domain import Convener, Frame, HalfDayTaken, Meeting, MeetingWish


class Judged(Struct, frozen=True):
    """A meeting and all that its change is judged against."""

    meeting: Meeting
    frame: Frame
    convener: Convener


async def frame(tx: Tx, wish: MeetingWish, agent: Agent) -> tuple[Frame, Convener]:
    """Nothing is locked: two meetings at once are told apart by `one_meeting_a_morning` and `_an_afternoon`."""
    row = await tx.fetchrow(FRAME, wish.bassin.academie, wish.bassin, wish.offer, agent.id)
    assert row is not None
    return frame_of(row), convener_of(agent, wish.bassin, row["convener"])


async def lock(tx: Tx, meeting: UUID, agent: Agent) -> Judged:
    row = await tx.fetchrow(LOCK, meeting, agent.id)
    if row is None:
        raise UnknownMeeting
    found = meeting_of(row)
    return Judged(found, frame_of(row), convener_of(agent, found.bassin, row["convener"]))


def convener_of(agent: Agent, bassin: CodeBassin, person: UUID | None) -> Convener:
    mandated = agent.holds(Role.ANIMATEUR_BASSIN, academie=bassin.academie, bassin=bassin)
    return Convener(mandated=mandated, person=person)


def meeting_of(row: asyncpg.Record) -> Meeting:
    return msgspec.convert(dict(row), Meeting, dec_hook=dec_hook)


def frame_of(row: asyncpg.Record) -> Frame:
    told = {name: row[name] for name in ("network", "trained")}
    offer: Any = None if row["offer_read"] is None else msgspec.json.decode(row["offer_read"])
    taken = [half_day for each in msgspec.json.decode(row["others"]) for half_day in taken_by(each)]
    return msgspec.convert({**told, "offer": offer, "taken": taken}, Frame, dec_hook=dec_hook)


def taken_by(other: dict[str, Any]) -> list[HalfDay]:
    day = date.fromisoformat(other["day"])
    return [HalfDay(day, half) for half, name in (("am", "morning"), ("pm", "afternoon")) if other[name]]


async def record_plan(
    tx: Tx, academie: CodeAcademie, planned: MeetingPlanned, *, network: UUID | None, by: UUID
) -> None:
    await write(tx, PLAN, academie, planned, planned.offer, planned.function, planned.bassin, network, by)
    outbox.append(tx, academie, [planned])
    audit.record(tx, academie, "meeting-planned", planned.subject, detail={"bassin": str(planned.bassin)})


async def record_move(tx: Tx, meeting: Meeting, moved: MeetingMoved) -> int:
    """The meeting's new revision."""
    await write(tx, MOVE, meeting.academie, moved)
    outbox.append(tx, meeting.academie, [moved])
    audit.record(tx, meeting.academie, "meeting-moved", meeting.id, detail={"bassin": str(meeting.bassin)})
    return meeting.revision + 1


async def record_cancellation(tx: Tx, meeting: Meeting, cancelled: MeetingCancelled, *, reason: str) -> None:
    await tx.execute(CANCEL, meeting.academie, meeting.id, tx.at)
    outbox.append(tx, meeting.academie, [cancelled])
    audit.record(tx, meeting.academie, "meeting-cancelled", meeting.id, reason=reason)


async def write(tx: Tx, sql: str, academie: str, said: MeetingPlanned | MeetingMoved, *more: object) -> None:
    halves = [half_day.half for half_day in said.half_days]
    when = (said.starts_at, said.ends_at, said.half_days[0].day, "am" in halves, "pm" in halves)
    what = (said.place, said.commune, list(said.animateurs), tx.at)
    try:
        await tx.execute(sql, academie, said.subject, *when, *what, *more)
    except asyncpg.UniqueViolationError as race:
        if race.constraint_name not in ("one_meeting_a_morning", "one_meeting_an_afternoon"):
            raise
        raise HalfDayTaken from race


# What a meeting `m`, of which académie, bassin and offer are known, is judged against.
FRAMED = """
SELECT {known}
    (SELECT to_jsonb(o) FROM offer o WHERE (o.academie, o.id) = (m.academie, m.offer)) AS offer_read,
    (SELECT n.id FROM network n JOIN offer o ON (o.academie, o.id) = (m.academie, m.offer)
     WHERE (n.academie, n.bassin) = (m.academie, m.bassin) AND lower(n.function) = lower(o.function)) AS network,
    ARRAY(SELECT animateurs_of(m.academie, m.bassin, m.offer)) AS trained,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('day', t.day, 'morning', t.morning, 'afternoon', t.afternoon)), '[]')
     FROM meeting t WHERE (t.academie, t.bassin, t.offer) = (m.academie, m.bassin, m.offer)
        AND t.status <> 'cancelled' AND t.id IS DISTINCT FROM m.id) AS others,
    (SELECT p.id FROM person p WHERE p.academie = m.academie AND p.agent = {agent} AND NOT p.erased) AS convener
FROM {source}
"""
WISHED = "(SELECT $1::text AS academie, $2::text AS bassin, $3::uuid AS offer, NULL::uuid AS id) AS m"
KNOWN = """m.id, m.academie, m.offer, m.function, m.bassin, m.starts_at, m.ends_at, m.place, m.commune, m.animateurs,
    m.status, m.revision,"""

FRAME = FRAMED.format(known="", agent="$4", source=WISHED)
LOCK = FRAMED.format(known=KNOWN, agent="$2", source="meeting m WHERE m.id = $1 FOR UPDATE OF m")

PLAN = """
INSERT INTO meeting (academie, id, starts_at, ends_at, day, morning, afternoon, place, commune, animateurs,
    planned_at, changed_at, offer, function, bassin, network, planned_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13, $14, $15, $16)
"""

MOVE = """
UPDATE meeting SET starts_at = $3, ends_at = $4, day = $5, morning = $6, afternoon = $7, place = $8, commune = $9,
    animateurs = $10, changed_at = $11, revision = revision + 1, sequence = sequence + 1
WHERE academie = $1 AND id = $2
"""

CANCEL = """
UPDATE meeting SET status = 'cancelled', changed_at = $3, revision = revision + 1, sequence = sequence + 1
WHERE academie = $1 AND id = $2
"""
