"""Who is convened to a meeting and who may come, school by school; and who came."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from common.identifiers import CodeAcademie, CodeBassin, Uai, dec_hook
from common.refusal import UnknownMeeting
from common.tx import Tx
from hr_networks.attendance.domain import Half


class Said(StrEnum):
    """What the chef d'établissement answered; silence is neither yes nor no."""

    GRANTED = "granted"
    REFUSED = "refused"
    NOT_ANSWERED = "not-answered"

    @property
    def label(self) -> str:
        return SAID[self]


SAID = {Said.GRANTED: "autorisé", Said.REFUSED: "refusé", Said.NOT_ANSWERED: "sans réponse"}


class Convened(Struct, frozen=True, kw_only=True):
    """Une personne conviée."""

    person: UUID
    name: str
    autorisation: Said
    autorisation_label: str


class SchoolRoom(Struct, frozen=True, kw_only=True):
    """Les personnes qu’un établissement enverrait."""

    uai: Uai
    name: str
    granted: int
    refused: int
    not_answered: int
    people: Sequence[Convened]


class Room(Struct, frozen=True, kw_only=True):
    """Qui est convié à une réunion et qui peut y venir : de quoi choisir la salle."""

    meeting: UUID
    convened: int  # people; one whom two schools name is counted once, and granted by either
    granted: int
    refused: int
    not_answered: int
    schools: Sequence[SchoolRoom]


class PresenceView(Struct, frozen=True, kw_only=True):
    """La présence d’une personne à une demi-journée."""

    person: UUID
    name: str
    half: Half
    half_label: str
    present: bool
    justified: bool


class AttendanceView(Struct, frozen=True, kw_only=True):
    """L’émargement d’une réunion, dans sa dernière version ; vide tant qu’elle n’est pas tenue."""

    meeting: UUID
    version: int
    presences: list[PresenceView]


class Place(Struct, frozen=True, kw_only=True):
    """Where a meeting belongs, and who asks: enough to say whether he may look."""

    academie: CodeAcademie
    bassin: CodeBassin
    revision: int
    convener: UUID | None
    trained: frozenset[UUID]


async def place(tx: Tx, meeting: UUID, agent: UUID) -> Place:
    row = await tx.fetchrow(PLACE, meeting, agent)
    if row is None:
        raise UnknownMeeting
    return msgspec.convert(dict(row), Place, dec_hook=dec_hook)


async def room(tx: Tx, meeting: UUID) -> Room:
    rows = [dict(row) for row in await tx.fetch(ROOM, meeting)]
    best = {person: answer(row["said"] for row in rows if row["person"] == person) for person in people_of(rows)}
    schools = [school_room(uai, [row for row in rows if row["uai"] == uai]) for uai in uais_of(rows)]
    return Room(meeting=meeting, convened=len(best), schools=schools, **counts(best.values()))


def people_of(rows: Iterable[dict[str, Any]]) -> list[UUID]:
    return list(dict.fromkeys(row["person"] for row in rows))


def uais_of(rows: Iterable[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(row["uai"] for row in rows))


def answer(said: Iterable[str]) -> Said:
    """Of somebody whom two schools name: one that lets him go is enough."""
    heard = set(said)
    return next((each for each in (Said.GRANTED, Said.REFUSED) if each in heard), Said.NOT_ANSWERED)


def school_room(uai: str, rows: Sequence[dict[str, Any]]) -> SchoolRoom:
    people = [convened_of(row) for row in rows]
    return SchoolRoom(uai=Uai(uai), name=rows[0]["school"], people=people, **counts(e.autorisation for e in people))


def convened_of(row: dict[str, Any]) -> Convened:
    said = Said(row["said"])
    return Convened(person=row["person"], name=row["name"], autorisation=said, autorisation_label=said.label)


def counts(answers: Iterable[Said]) -> dict[str, int]:
    heard = list(answers)
    return {said.replace("-", "_"): heard.count(said) for said in Said}


async def attendance(tx: Tx, meeting: UUID) -> AttendanceView:
    rows = await tx.fetch(ATTENDANCE, meeting)
    lines = [{**row, "half_label": Half(row["half"]).label} for row in rows if row["person"] is not None]
    version = rows[0]["attendance"] or 0
    return msgspec.convert({"meeting": meeting, "version": version, "presences": lines}, AttendanceView)


PLACE = """
SELECT m.academie, m.bassin, m.revision, ARRAY(SELECT animateurs_of(m.academie, m.bassin, m.offer)) AS trained,
    (SELECT p.id FROM person p WHERE p.academie = m.academie AND p.agent = $2 AND NOT p.erased) AS convener
FROM meeting m WHERE m.id = $1
"""

# The paper given last counts: a chef d'établissement may change his mind.
ROOM = """
SELECT c.person, c.uai, coalesce(s.name, '') AS school, p.given_names || ' ' || p.family_name AS name,
    CASE a.granted WHEN true THEN 'granted' WHEN false THEN 'refused' ELSE 'not-answered' END AS said
FROM meeting m
CROSS JOIN LATERAL convened_on(m.academie, m.function, m.bassin, m.day) AS c
JOIN person p ON (p.academie, p.id) = (m.academie, c.person)
LEFT JOIN school s ON (s.academie, s.uai) = (m.academie, c.uai)
LEFT JOIN LATERAL (
    SELECT granted FROM autorisation t
    WHERE (t.academie, t.meeting, t.person, t.uai) = (m.academie, m.id, c.person, c.uai)
    ORDER BY t.said_at DESC, t.id DESC LIMIT 1
) AS a ON true
WHERE m.id = $1 ORDER BY c.uai, p.family_name, p.given_names, c.person
"""

ATTENDANCE = """
SELECT m.attendance, r.person, r.half, r.present, r.justified,
    CASE WHEN p.id IS NULL OR p.erased THEN 'nom effacé' ELSE p.given_names || ' ' || p.family_name END AS name
FROM meeting m
LEFT JOIN presence r ON (r.academie, r.meeting, r.version) = (m.academie, m.id, m.attendance)
LEFT JOIN person p ON (p.academie, p.id) = (r.academie, r.person)
WHERE m.id = $1 ORDER BY p.family_name NULLS LAST, p.given_names, r.person, r.half
"""
