"""Attendance in the database: the session's roll and its candidatures locked, and each version of who came."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from common import audit, outbox
from common.contracts.training import ModuleFollowed
from common.identifiers import dec_hook, enc_hook
from common.tx import Tx
from training.attendance.domain import Fact, Roll, RollWish
from training.candidatures.domain import Status
from training.convocations.domain import UnknownSession


async def lock(tx: Tx, session: UUID) -> Roll:
    roll = await tx.fetchval(LOCK, session)
    if roll is None:
        raise UnknownSession
    return msgspec.json.decode(roll, type=Roll, dec_hook=dec_hook)


async def record(
    tx: Tx, roll: Roll, wish: RollWish, facts: Sequence[Fact], passing: Mapping[UUID, Status], *, by: UUID
) -> int:
    """The roll's new version."""
    version = roll.version + 1
    outcomes = [
        {
            "candidature": fact.candidature,
            "followed": isinstance(fact, ModuleFollowed),
            "justified": not isinstance(fact, ModuleFollowed) and fact.justified,
        }
        for fact in facts
    ]
    moves = [{"id": candidature, "status": status} for candidature, status in passing.items()]
    where = (roll.academie, roll.session, roll.module, version, by, tx.at)
    await tx.execute(RECORD, *where, json_of(wish.presences), json_of(outcomes), json_of(moves))
    outbox.append(tx, roll.academie, facts)
    detail: dict[str, str | int] = {"version": version, "presences": len(wish.presences)}
    action = "session-attendance-corrected" if roll.version else "session-attendance-recorded"
    audit.record(tx, roll.academie, action, roll.session, reason=wish.reason, detail=detail)
    return version


def json_of(value: object) -> str:
    return msgspec.json.encode(value, enc_hook=enc_hook).decode()


# The roll's own row says how often it was recorded: what else is read here may be older, which If-Match then tells.
LOCK = """
WITH roll AS (
    INSERT INTO session_roll AS r (academie, session) SELECT academie, id FROM session WHERE id = $1
    ON CONFLICT (academie, session) DO UPDATE SET version = r.version RETURNING *
), convened AS MATERIALIZED (
    SELECT c.* FROM roll
    JOIN paper p ON (p.academie, p.kind, p.subject) = (roll.academie, 'CV', roll.session)
        AND p.cancels IS NULL AND p.cancelled_by IS NULL
    JOIN session s ON (s.academie, s.id) = (roll.academie, roll.session)
    JOIN module m ON (m.academie, m.id) = (s.academie, s.module)
    JOIN candidature c ON (c.academie, c.offer, c.person) = (p.academie, m.offer, p.person)
        AND c.status <> 'withdrawn'
    ORDER BY c.id FOR UPDATE OF c
)
SELECT jsonb_build_object('academie', roll.academie, 'session', roll.session, 'offer', m.offer, 'module', m.id,
    'rank', m.rank, 'version', roll.version,
    'half_days', (SELECT jsonb_agg(jsonb_build_object('day', h.day, 'half', h.half) ORDER BY h.day, h.half)
        FROM session_half_day h WHERE (h.academie, h.session) = (roll.academie, roll.session)),
    'convened', (SELECT coalesce(jsonb_agg(to_jsonb(c) ORDER BY c.id), '[]') FROM convened c),
    'recorded', (SELECT coalesce(jsonb_agg(jsonb_build_object('candidature', r.candidature, 'day', r.day,
            'half', r.half, 'present', r.present, 'justified', r.justified)), '[]')
        FROM session_presence r
        WHERE (r.academie, r.session, r.version) = (roll.academie, roll.session, roll.version)),
    'outcomes', (SELECT coalesce(jsonb_object_agg(o.candidature, jsonb_build_object(
            'followed', o.followed, 'justified', o.justified)), '{}')
        FROM module_outcome o WHERE (o.academie, o.module) = (m.academie, m.id)))
FROM roll JOIN session s ON (s.academie, s.id) = (roll.academie, roll.session)
JOIN module m ON (m.academie, m.id) = (s.academie, s.module)
"""

RECORD = """
WITH counted AS (
    UPDATE session_roll SET version = $4 WHERE academie = $1 AND session = $2
), noted AS (
    INSERT INTO session_presence (academie, session, version, candidature, day, half, present, justified, recorded_by,
        recorded_at)
    SELECT $1, $2, $4, p.candidature, p.day, p.half, p.present, p.justified, $5, $6
    FROM jsonb_to_recordset($7::jsonb) AS p (candidature uuid, day date, half text, present bool, justified bool)
), amounted AS (
    INSERT INTO module_outcome (academie, candidature, module, followed, justified)
    SELECT $1, o.candidature, $3, o.followed, o.justified
    FROM jsonb_to_recordset($8::jsonb) AS o (candidature uuid, followed bool, justified bool)
    ON CONFLICT (academie, candidature, module) DO UPDATE
    SET followed = EXCLUDED.followed, justified = EXCLUDED.justified
)
UPDATE candidature SET status = p.status FROM jsonb_to_recordset($9::jsonb) AS p (id uuid, status text)
WHERE candidature.academie = $1 AND candidature.id = p.id
"""
