"""Offre de formation: what is proposed to whom, in which groups and until when; one edition a school year."""

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from common.contracts.training import OfferPublished
from common.identifiers import CodeAcademie
from common.refusal import FieldError, NotFound, Refusal
from common.texts import Line, Notes
from training.quotas.domain import Quotas, impossibilities
from training.sessions.domain import (
    Module,
    Modules,
    days_of,
    first_year,
    outline,
    programme,
    shifted,
    wrong,
    wrong_groups,
    wrong_order,
)

Year = Annotated[str, Meta(pattern=r"^20[0-9]{2}-20[0-9]{2}(?![\s\S])")]  # « 2026-2027 »
Days = Annotated[int, Meta(ge=1, le=60)]
WEEKS = 52  # a new edition falls on the same days of the week


class UnknownOffer(NotFound):
    code = "unknown-offer"
    title = "Offre introuvable"


class OfferIsPublished(Refusal):
    code = "offer-published"
    title = "Offre déjà publiée"
    explanation = "Une offre publiée ne change plus, ses quotas exceptés : une nouvelle édition la remplace."


class OfferNotPublished(Refusal):
    code = "offer-not-published"
    title = "Offre non publiée"


class OfferIncoherent(Refusal):
    code = "offer-incoherent"
    title = "Offre incohérente"
    explanation = "Un brouillon peut être incomplet ; à la publication, ses dates, modules et groupes s’accordent."


class SameEdition(Refusal):
    code = "same-edition"
    title = "Édition de la même année"
    explanation = "Une nouvelle édition porte sur une autre année scolaire que l’offre qu’elle renouvelle."


class Status(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"

    @property
    def label(self) -> str:
        return "brouillon" if self is Status.DRAFT else "publiée"


class Window(StrEnum):
    """Whether one may apply, by the local dates of the académie."""

    UPCOMING = "upcoming"
    OPEN = "open"
    CLOSED = "closed"

    @property
    def label(self) -> str:
        return WINDOWS[self]


WINDOWS = {
    Window.UPCOMING: "candidatures à venir",
    Window.OPEN: "candidatures ouvertes",
    Window.CLOSED: "candidatures closes",
}


class OfferWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """« Animer des réunions d’échange de pratiques », à destination des secrétaires de direction des EPLE."""

    academie: CodeAcademie
    title: Line
    year: Year
    function: Line  # as a census names it
    opens_on: date
    closes_on: date  # the last day on which one may apply
    avis_deadline: date  # the last day on which a chef d'établissement gives his avis
    modules: Modules
    quotas: Quotas = Quotas()
    acceptance_days: Days = 7  # in which somebody promoted accepts; ours, no source gives one
    description: Notes = ""
    backing: Notes = ""  # who supports it: « la Mission de la formation du ministère »
    sources: Notes = ""  # the texts from which its rules come


class OfferChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ce qui change d’un brouillon ; le reste demeure."""

    title: Line | None = None
    year: Year | None = None
    function: Line | None = None
    opens_on: date | None = None
    closes_on: date | None = None
    avis_deadline: date | None = None
    modules: Modules | None = None
    acceptance_days: Days | None = None
    description: Notes | None = None
    backing: Notes | None = None
    sources: Notes | None = None


class Offer(Struct, frozen=True, kw_only=True):
    id: UUID
    academie: CodeAcademie
    title: str
    year: str
    function: str
    opens_on: date
    closes_on: date
    avis_deadline: date
    modules: tuple[Module, ...]
    quotas: Quotas
    acceptance_days: int
    description: str
    backing: str
    sources: str
    edition_of: UUID | None = None
    status: Status = Status.DRAFT
    revision: int = 1


def draft(offer: UUID, wish: OfferWish) -> Offer:
    given = {name: getattr(wish, name) for name in wish.__struct_fields__ if name != "modules"}
    return Offer(id=offer, modules=programme(offer, wish.modules), **given)


def change(offer: Offer, wish: OfferChange) -> Offer:
    refuse_published(offer)
    given = {name: value for name in wish.__struct_fields__ if (value := getattr(wish, name)) is not None}
    if wish.modules is not None:
        given["modules"] = programme(offer.id, wish.modules)
    return msgspec.structs.replace(offer, revision=offer.revision + 1, **given)


def publish(offer: Offer, *, today: date) -> OfferPublished:
    refuse_published(offer)
    if errors := list(incoherences(offer, today=today)):
        raise OfferIncoherent(f"{len(errors)} point(s) à corriger.", errors=errors)
    return OfferPublished(
        subject=offer.id,
        title=offer.title,
        year=offer.year,
        function=offer.function,
        opens_on=offer.opens_on,
        closes_on=offer.closes_on,
        modules=tuple(map(outline, offer.modules)),
    )


def refuse_published(offer: Offer) -> None:
    if offer.status is Status.PUBLISHED:
        raise OfferIsPublished


def application_window(opens_on: date, closes_on: date, *, today: date) -> Window:
    """Both days included."""
    if today < opens_on:
        return Window.UPCOMING
    return Window.CLOSED if closes_on < today else Window.OPEN


def new_edition(earlier: Offer, offer: UUID, year: str) -> Offer:
    """The same offer, moved by whole weeks into another school year: a draft, whose dates are then corrected."""
    if earlier.status is Status.DRAFT:
        raise OfferNotPublished("Un brouillon se corrige : seule une offre publiée a une nouvelle édition.")
    if year == earlier.year:
        raise SameEdition
    moved = timedelta(weeks=WEEKS * (first_year(year) - first_year(earlier.year)))
    return msgspec.structs.replace(
        earlier,
        id=offer,
        year=year,
        opens_on=earlier.opens_on + moved,
        closes_on=earlier.closes_on + moved,
        avis_deadline=earlier.avis_deadline + moved,
        modules=programme(offer, [shifted(part, moved) for part in earlier.modules]),
        edition_of=earlier.id,
        status=Status.DRAFT,
        revision=1,
    )


def incoherences(offer: Offer, *, today: date) -> Iterator[FieldError]:
    """All that keeps a draft from being published."""
    yield from wrong_dates(offer, today=today)
    yield from impossibilities(offer.quotas, offer.academie, at="/quotas")
    yield from wrong_groups(offer.modules, offer.year)
    yield from wrong_order(offer.modules)


def wrong_dates(offer: Offer, *, today: date) -> Iterator[FieldError]:
    if int(offer.year[5:]) != first_year(offer.year) + 1:
        yield wrong("/year", "Une année scolaire s’écrit « 2026-2027 ».")
    if offer.closes_on < offer.opens_on:
        yield wrong("/closes_on", "La période de candidature finit avant de commencer.")
    if offer.closes_on - offer.opens_on > timedelta(days=366):
        yield wrong("/opens_on", "La période de candidature dure un an au plus.")
    if offer.closes_on < today:
        yield wrong("/closes_on", "La période de candidature est déjà passée.")
    if offer.avis_deadline < offer.closes_on:
        yield wrong("/avis_deadline", "Les avis peuvent être donnés au moins jusqu’à la dernière candidature.")
    if min(days_of(offer.modules)) <= offer.avis_deadline:
        yield wrong("/avis_deadline", "Les avis sont donnés avant la première session.")
