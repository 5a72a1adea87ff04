"""The attendance of a session as the office reads it."""

from datetime import date
from uuid import UUID

import msgspec
from msgspec import Struct

from common.identifiers import CodeAcademie, dec_hook
from common.tx import Tx
from training.convocations.domain import UnknownSession
from training.sessions.domain import Half, HalfDay


class PresenceView(Struct, frozen=True, kw_only=True):
    """La présence d’une personne à une demi-journée."""

    day: date
    half: Half
    half_label: str
    present: bool
    justified: bool


class Convened(Struct, frozen=True, kw_only=True):
    """Une personne convoquée, et ses présences une fois l’émargement saisi."""

    candidature: UUID
    person: UUID
    name: str
    uai: str
    followed: bool | None  # None while nothing is recorded
    presences: list[PresenceView]


class AttendanceView(Struct, frozen=True, kw_only=True):
    """L’émargement d’une session, dans sa dernière version."""

    academie: CodeAcademie
    session: UUID
    version: int
    half_days: list[HalfDay]
    convened: list[Convened]

    @property
    def etag(self) -> str:
        return f'"{self.version}"'


async def attendance(tx: Tx, session: UUID) -> AttendanceView:
    row = await tx.fetchrow(READ, session)
    if row is None:
        raise UnknownSession
    people = msgspec.json.decode(row["convened"])
    for each in people:
        for presence in each["presences"]:
            presence["half_label"] = Half(presence["half"]).label
    whole = {**row, "half_days": msgspec.json.decode(row["half_days"]), "convened": people}
    return msgspec.convert(whole, AttendanceView, dec_hook=dec_hook)


READ = """
SELECT s.academie, s.id AS session, coalesce(r.version, 0) AS version,
    (SELECT jsonb_agg(jsonb_build_object('day', h.day, 'half', h.half) ORDER BY h.day, h.half)
     FROM session_half_day h WHERE (h.academie, h.session) = (s.academie, s.id)) AS half_days,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('candidature', c.id, 'person', c.person, 'uai', c.uai,
        'name', CASE WHEN coalesce(p.family_name, '') = '' THEN 'nom effacé'
            ELSE p.given_names || ' ' || p.family_name END,
        'followed', (SELECT o.followed FROM module_outcome o
            WHERE (o.academie, o.candidature, o.module) = (c.academie, c.id, s.module)),
        'presences', (SELECT coalesce(jsonb_agg(jsonb_build_object('day', l.day, 'half', l.half,
            'present', l.present, 'justified', l.justified) ORDER BY l.day, l.half), '[]') FROM session_presence l
            WHERE (l.academie, l.session, l.version, l.candidature) = (s.academie, s.id, r.version, c.id)))
        ORDER BY p.family_name, p.given_names, c.id), '[]')
     FROM paper v JOIN candidature c ON (c.academie, c.offer, c.person) = (v.academie, m.offer, v.person)
     LEFT JOIN person p ON (p.academie, p.id) = (c.academie, c.person)
     WHERE (v.academie, v.kind, v.subject) = (s.academie, 'CV', s.id) AND v.cancels IS NULL
        AND v.cancelled_by IS NULL AND c.status <> 'withdrawn') AS convened
FROM session s JOIN module m ON (m.academie, m.id) = (s.academie, s.module)
LEFT JOIN session_roll r ON (r.academie, r.session) = (s.academie, s.id)
WHERE s.id = $1
"""
