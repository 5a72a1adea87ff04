"""Meetings as agents of the académie read them: what, where, when and by whom animated."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record
from msgspec import Struct

from common.identifiers import CodeAcademie, CodeBassin, CommuneInsee, dec_hook
from common.refusal import UnknownMeeting
from common.tx import Tx
from hr_networks.meetings.domain import Status


class Animating(Struct, frozen=True, kw_only=True):
    """Qui anime une réunion."""

    person: UUID
    name: str
    trained: bool  # still; a correction of training may say otherwise


class MeetingSummary(Struct, frozen=True, kw_only=True):
    """Une réunion d’échange de pratiques dans une liste."""

    id: UUID
    academie: CodeAcademie
    offer: UUID
    function: str
    bassin: CodeBassin
    name_of_bassin: str
    day: date
    starts_at: datetime
    ends_at: datetime
    place: str
    commune: CommuneInsee
    status: Status
    status_label: str
    revision: int


class MeetingView(MeetingSummary, frozen=True, kw_only=True):
    """Une réunion d’échange de pratiques et ses animateurs."""

    network: UUID
    half_days: list[str]  # "am", "pm"
    animateurs: list[Animating]

    @property
    def etag(self) -> str:
        return f'"{self.revision}"'


class Filter(Struct, frozen=True, kw_only=True):
    academie: CodeAcademie | None = None
    bassin: CodeBassin | None = None
    offer: UUID | None = None
    status: Status | None = None


async def meetings(tx: Tx, asked: Filter, after: tuple[date, UUID] | None, limit: int) -> list[MeetingSummary]:
    """The earliest first."""
    day, last = after or (None, None)
    rows = await tx.fetch(LIST, asked.academie, asked.bassin, asked.offer, asked.status, day, last, limit + 1)
    return [msgspec.convert(labelled(row), MeetingSummary, dec_hook=dec_hook) for row in rows]


async def meeting(tx: Tx, asked: UUID) -> MeetingView:
    row = await tx.fetchrow(ONE, asked)
    if row is None:
        raise UnknownMeeting
    animateurs = msgspec.json.decode(row["animateurs"])
    half_days = [half for half, name in (("am", "morning"), ("pm", "afternoon")) if row[name]]
    whole = {**labelled(row), "animateurs": animateurs, "half_days": half_days}
    return msgspec.convert(whole, MeetingView, dec_hook=dec_hook)


def labelled(row: Record) -> dict[str, Any]:
    return {**row, "status_label": Status(row["status"]).label}


LIST = """
SELECT m.id, m.academie, m.offer, m.function, m.bassin, coalesce(b.name, '') AS name_of_bassin, m.day, m.starts_at,
    m.ends_at, m.place, m.commune, m.status, m.revision
FROM meeting m LEFT JOIN bassin b ON (b.academie, b.code) = (m.academie, m.bassin)
WHERE ($1::text IS NULL OR m.academie = $1) AND ($2::text IS NULL OR m.bassin = $2)
    AND ($3::uuid IS NULL OR m.offer = $3) AND ($4::text IS NULL OR m.status = $4)
    AND ($5::date IS NULL OR (m.day, m.id) > ($5, $6))
ORDER BY m.day, m.id LIMIT $7
"""

ONE = """
SELECT m.id, m.academie, m.offer, m.function, m.bassin, coalesce(b.name, '') AS name_of_bassin, m.day, m.starts_at,
    m.ends_at, m.place, m.commune, m.status, m.revision, m.network, m.morning, m.afternoon,
    (SELECT jsonb_agg(jsonb_build_object('person', a.person, 'trained', t.person IS NOT NULL, 'name',
        CASE WHEN p.id IS NULL OR p.erased THEN 'nom effacé' ELSE p.given_names || ' ' || p.family_name END)
        ORDER BY a.place)
     FROM unnest(m.animateurs) WITH ORDINALITY AS a (person, place)
     LEFT JOIN person p ON (p.academie, p.id) = (m.academie, a.person)
     LEFT JOIN animateurs_of(m.academie, m.bassin, m.offer) AS t (person) ON t.person = a.person) AS animateurs
FROM meeting m LEFT JOIN bassin b ON (b.academie, b.code) = (m.academie, m.bassin)
WHERE m.id = $1
"""
