"""What is said of offers: a draft to the training office alone, a published one to all of its académie."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record
from msgspec import Struct

from common.clock import today_in
from common.identifiers import CodeAcademie, CommuneInsee, dec_hook
from common.tx import Tx
from training.offers.domain import Status, UnknownOffer, application_window
from training.offers.store import parsed
from training.quotas.domain import Quotas
from training.sessions.domain import Group, HalfDay, Module


class OfferSummary(Struct, frozen=True, kw_only=True):
    """Une offre dans une liste."""

    id: UUID
    academie: CodeAcademie
    title: str
    year: str
    function: str
    status: Status
    status_label: str
    opens_on: date
    closes_on: date
    window: str  # "upcoming", "open" or "closed"
    window_label: str
    avis_deadline: date
    first_day: date | None
    published_at: datetime | None


class GroupView(Struct, frozen=True, kw_only=True):
    """Un groupe et les places qui y restent."""

    id: UUID
    name: str
    place: str
    commune: CommuneInsee
    capacity: int
    taken: int  # by those who go
    half_days: tuple[HalfDay, ...]


class ModuleView(Struct, frozen=True, kw_only=True):
    """Un module, ses prérequis et ses groupes."""

    id: UUID
    rank: int
    title: str
    requires_module: int | None
    requires_meeting: bool
    groups: list[GroupView]


class OfferView(OfferSummary, frozen=True, kw_only=True):
    """Une offre entière."""

    description: str
    backing: str
    sources: str
    acceptance_days: int
    modules: list[ModuleView]
    quotas: Quotas
    edition_of: UUID | None
    revision: int

    @property
    def etag(self) -> str:
        return f'"{self.revision}"'


class Filter(Struct, frozen=True, kw_only=True):
    offices: frozenset[CodeAcademie]  # where whoever asks belongs to the training office
    academie: CodeAcademie | None = None
    year: str | None = None
    status: Status | None = None


async def offers(tx: Tx, asked: Filter, after: UUID | None, limit: int) -> list[OfferSummary]:
    """The newest first."""
    rows = await tx.fetch(LIST, list(asked.offices), asked.academie, asked.year, asked.status, after, limit + 1)
    return [msgspec.convert(labelled(row, tx.at), OfferSummary, dec_hook=dec_hook) for row in rows]


async def offer(tx: Tx, asked: UUID, offices: Collection[CodeAcademie]) -> OfferView:
    row = await tx.fetchrow(ONE, asked, list(offices))
    if row is None:
        raise UnknownOffer
    taken = msgspec.json.decode(row["taken"], type=dict[UUID, int])
    whole = labelled(row, tx.at) | parsed(row)
    return msgspec.convert(
        {**whole, "modules": [module(each, taken) for each in whole["modules"]]}, OfferView, dec_hook=dec_hook
    )


def labelled(row: Record, at: datetime) -> dict[str, Any]:
    window = application_window(row["opens_on"], row["closes_on"], today=today_in(row["academie"], at))
    labels = {"status_label": Status(row["status"]).label, "window": window, "window_label": window.label}
    return {**row, **labels}


def module(part: Module, taken: Mapping[UUID, int]) -> dict[str, object]:
    groups = [group(each, taken.get(each.id, 0)) for each in part.groups]
    return {**msgspec.structs.asdict(part), "groups": groups}


def group(seats: Group, taken: int) -> dict[str, object]:
    return {**msgspec.structs.asdict(seats), "taken": taken}


LIST = """
SELECT id, academie, title, year, function, status, opens_on, closes_on, avis_deadline, first_day, published_at
FROM offer
WHERE (status = 'published' OR academie = ANY($1)) AND ($2::text IS NULL OR academie = $2)
    AND ($3::text IS NULL OR year = $3) AND ($4::text IS NULL OR status = $4) AND ($5::uuid IS NULL OR id < $5)
ORDER BY id DESC LIMIT $6
"""

ONE = """
SELECT id, academie, title, year, function, status, opens_on, closes_on, avis_deadline, first_day, published_at,
    description, backing, sources, acceptance_days, programme, quotas, edition_of, revision,
    (SELECT coalesce(jsonb_object_agg(t.session, t.taken), '{}')
     FROM places_taken(offer.academie, offer.id) t) AS taken
FROM offer WHERE id = $1 AND (status = 'published' OR academie = ANY($2))
"""
