"""What is said of candidatures: to whoever applies, to the chef d'établissement who gives his avis, to the office."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record
from msgspec import Struct

from common.identifiers import CodeAcademie, CodeBassin, Uai, dec_hook
from common.tx import Tx
from training.avis.domain import Value, legal_note
from training.candidatures.domain import Status, UnknownCandidature


class CandidatureView(Struct, frozen=True, kw_only=True):
    """Une candidature et où elle en est ; la personne y est désignée par son identifiant."""

    id: UUID
    academie: CodeAcademie
    offer: UUID
    offer_title: str
    person: UUID
    uai: Uai
    school: str
    bassin: CodeBassin
    name_of_bassin: str
    status: Status
    status_label: str
    groups: list[UUID]  # in the order of their modules
    submitted_at: datetime | None
    avis_deadline: date
    avis_value: Value | None
    avis_label: str | None
    legal_note: str | None  # when refusals in a row call for the opinion of the CAP
    goes_on: bool | None
    rank: int | None
    accept_by: date | None


class Filter(Struct, frozen=True, kw_only=True):
    offer: UUID
    bassin: CodeBassin | None = None
    status: Status | None = None
    avis: Value | None = None


async def own(tx: Tx, academie: CodeAcademie, agent: UUID) -> list[CandidatureView]:
    return views(await tx.fetch(OWN, academie, agent))


async def of_an_offer(tx: Tx, asked: Filter, after: UUID | None, limit: int) -> list[CandidatureView]:
    filters = (asked.offer, asked.bassin, asked.status, asked.avis)
    return views(await tx.fetch(OF_AN_OFFER, *filters, after, limit + 1))


async def of_a_school(tx: Tx, academie: CodeAcademie, uai: Uai, *, waiting: bool) -> list[CandidatureView]:
    """Those submitted; or only those whose avis is waited for."""
    return views(await tx.fetch(OF_A_SCHOOL, academie, uai, waiting))


async def one(tx: Tx, candidature: UUID, agent: UUID) -> tuple[CandidatureView, bool]:
    """And whether it is the agent's own."""
    row = await tx.fetchrow(ONE, candidature, agent)
    if row is None:
        raise UnknownCandidature
    return views([row])[0], row["own"]


def views(rows: Iterable[Record]) -> list[CandidatureView]:
    return msgspec.convert([labelled(row) for row in rows], list[CandidatureView], dec_hook=dec_hook)


def labelled(row: Record) -> dict[str, Any]:
    labels = {
        "status_label": Status(row["status"]).label,
        "avis_label": None if row["avis_value"] is None else Value(row["avis_value"]).label,
        "legal_note": legal_note(row["refusals"]),
    }
    return {**row, **labels}


VIEW = """
SELECT c.academie, c.id, c.offer, o.title AS offer_title, c.person, c.uai, coalesce(s.name, '') AS school, c.bassin,
    coalesce(b.name, '') AS name_of_bassin, c.status, c.submitted_at, o.avis_deadline, c.avis_value, c.refusals,
    c.goes_on, c.rank, c.accept_by, ARRAY(
        SELECT g.session::uuid FROM jsonb_each_text(c.groups) AS g (module, session)
        JOIN module m ON (m.academie, m.id) = (c.academie, g.module::uuid) ORDER BY m.rank) AS groups{more}
FROM candidature c
JOIN offer o ON (o.academie, o.id) = (c.academie, c.offer)
LEFT JOIN school s ON (s.academie, s.uai) = (c.academie, c.uai)
LEFT JOIN bassin b ON (b.academie, b.code) = (c.academie, c.bassin)
"""
MINE = """EXISTS (
    SELECT FROM linked_person p WHERE (p.academie, p.person, p.agent) = (c.academie, c.person, $2) AND NOT p.erased
)"""
# A draft is seen by whoever writes it, and by nobody else.
ONE = VIEW.format(more=f", {MINE} AS own") + f"WHERE c.id = $1 AND (c.status <> 'draft' OR {MINE})"
OWN = VIEW.format(more="") + f"WHERE c.academie = $1 AND {MINE} ORDER BY c.id DESC"
OF_AN_OFFER = (
    VIEW.format(more="")
    + """
WHERE c.offer = $1 AND c.status <> 'draft' AND ($2::text IS NULL OR c.bassin = $2)
    AND ($3::text IS NULL OR c.status = $3) AND ($4::text IS NULL OR c.avis_value = $4)
    AND ($5::uuid IS NULL OR c.id > $5)
ORDER BY c.id LIMIT $6
"""
)
OF_A_SCHOOL = (
    VIEW.format(more="")
    + """
WHERE c.academie = $1 AND c.uai = $2 AND c.submitted_at IS NOT NULL AND (NOT $3::bool OR c.status = 'submitted')
ORDER BY c.id DESC
"""
)
