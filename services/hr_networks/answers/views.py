"""What schools answered: one answer with its people, the list of who answered, the people of a whole campaign."""

from datetime import date, datetime
from uuid import UUID

import msgspec
from asyncpg import Record
from msgspec import Struct

from common.identifiers import CodeAcademie, CodeBassin, Uai, dec_hook
from common.tx import Tx
from hr_networks.answers.store import missing
from hr_networks.census.domain import UnknownVersion
from hr_networks.people.domain import Civility, Corps, Declared


class DeclaredView(Struct, frozen=True, kw_only=True):
    """Une personne déclarée par un établissement."""

    person: UUID
    civility: Civility
    civility_label: str
    family_name: str
    given_names: str
    function: str
    corps: Corps
    corps_label: str
    work_mail: str


class AnswerView(Struct, frozen=True, kw_only=True):
    """La réponse d’un établissement, dans sa dernière version ou dans celle demandée."""

    academie: CodeAcademie
    campaign: UUID
    uai: Uai
    revision: int  # 0: the school has not answered
    latest: int
    answered_at: datetime | None
    identified: int  # people named; one erased since is counted, and no longer shown
    persons: list[DeclaredView]

    @property
    def etag(self) -> str:
        return f'"{self.revision}"'


class AnswerSummary(Struct, frozen=True, kw_only=True):
    """Où en est un établissement interrogé ; personne n’y est nommé."""

    uai: Uai
    name: str
    bassin: CodeBassin | None
    announced_at: datetime | None
    reminded_on: list[date]
    revision: int
    answered_at: datetime | None
    identified: int


class NamedPerson(Struct, frozen=True, kw_only=True):
    """One line of the list of names."""

    uai: Uai
    school: str
    bassin: str
    civility: Civility
    family_name: str
    given_names: str
    function: str
    corps: Corps
    work_mail: str
    answered_at: datetime


async def answer(tx: Tx, campaign: UUID, uai: Uai, version: int | None) -> AnswerView:
    """The asked version, or the latest; a school that is silent has an empty one."""
    row = await tx.fetchrow(ANSWER, campaign, uai, version)
    if row is None:
        raise await missing(tx, campaign)
    if version not in (None, row["revision"]):
        raise UnknownVersion
    people = msgspec.json.decode(row["persons"], type=list[Declared])
    return msgspec.convert({**row, "persons": [labelled(each) for each in people]}, AnswerView, dec_hook=dec_hook)


def labelled(person: Declared) -> dict[str, object]:
    labels = {"civility_label": person.civility.label, "corps_label": person.corps.label}
    return {**msgspec.structs.asdict(person), **labels}


async def answers(
    tx: Tx, campaign: UUID, *, answered: bool | None, day: date, after: Uai | None, limit: int
) -> list[AnswerSummary]:
    rows = await tx.fetch(ANSWERS, campaign, answered, day, after, limit + 1)
    return [msgspec.convert(dict(row), AnswerSummary, dec_hook=dec_hook) for row in rows]


async def names(tx: Tx, campaign: UUID, *, day: date) -> list[NamedPerson]:
    rows: list[Record] = await tx.fetch(NAMES, campaign, day)
    return [msgspec.convert(dict(row), NamedPerson, dec_hook=dec_hook) for row in rows]


ANSWER = """
SELECT a.academie, a.campaign, a.uai, a.revision AS latest, coalesce(v.revision, 0) AS revision, v.answered_at,
    coalesce(v.identified, 0) AS identified,
    (SELECT coalesce(jsonb_agg(to_jsonb(d) ORDER BY d.rank), '[]') FROM declared_person d
     WHERE (d.academie, d.campaign, d.uai, d.revision) = (v.academie, v.campaign, v.uai, v.revision)
        AND NOT d.erased) AS persons
FROM addressed_school a
LEFT JOIN answer_version v ON (v.academie, v.campaign, v.uai) = (a.academie, a.campaign, a.uai)
    AND v.revision = coalesce($3, a.revision)
WHERE a.campaign = $1 AND a.uai = $2
"""

ANSWERS = """
SELECT a.uai, coalesce(s.name, '') AS name, bassin_on(s.memberships, $3) AS bassin, a.announced_at,
    ARRAY(SELECT r.sent_on FROM reminder r WHERE (r.academie, r.campaign, r.uai) = (a.academie, a.campaign, a.uai)
          ORDER BY r.sent_on) AS reminded_on,
    a.revision, a.answered_at, coalesce(v.identified, 0) AS identified
FROM addressed_school a
LEFT JOIN school s ON (s.academie, s.uai) = (a.academie, a.uai)
LEFT JOIN answer_version v
    ON (v.academie, v.campaign, v.uai, v.revision) = (a.academie, a.campaign, a.uai, a.revision)
WHERE a.campaign = $1 AND ($2::bool IS NULL OR (a.revision > 0) = $2) AND ($4::text IS NULL OR a.uai > $4)
ORDER BY a.uai LIMIT $5
"""

NAMES = """
SELECT a.uai, coalesce(s.name, '') AS school, coalesce(b.name, '') AS bassin,
    d.civility, d.family_name, d.given_names, d.function, d.corps, d.work_mail, a.answered_at
FROM addressed_school a
JOIN declared_person d ON (d.academie, d.campaign, d.uai, d.revision) = (a.academie, a.campaign, a.uai, a.revision)
LEFT JOIN school s ON (s.academie, s.uai) = (a.academie, a.uai)
LEFT JOIN bassin b ON b.academie = a.academie AND b.code = bassin_on(s.memberships, $2)
WHERE a.campaign = $1 AND NOT d.erased
ORDER BY b.code NULLS LAST, a.uai, d.rank
"""
