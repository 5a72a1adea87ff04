"""Offers over HTTP: the training office writes, publishes and renews them, everybody of the académie reads them."""

from uuid import UUID

from litestar import Controller, Request, Response, get, patch, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from common.clock import today_in
from common.db import Database
from common.identifiers import CodeAcademie
from common.identity import Agent, Role, decides, reads
from common.pagination import Cursor, Limit, Page, paged, read_cursor
from common.protocol import IfMatch, require_match
from common.uuid7 import uuid7
from training.offers import store, views
from training.offers.domain import (
    Offer,
    OfferChange,
    OfferWish,
    Status,
    Year,
    change,
    draft,
    new_edition,
    publish,
)
from training.offers.views import Filter, OfferSummary, OfferView
from training.roles import OFFICE, offices_of


class OfferReceipt(Struct, frozen=True, kw_only=True):
    """L’état d’une offre après ce qui vient d’en être décidé."""

    id: UUID
    academie: CodeAcademie
    year: str
    status: Status
    revision: int


class EditionWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    year: Year


def receipt(offer: Offer) -> OfferReceipt:
    return OfferReceipt(
        id=offer.id, academie=offer.academie, year=offer.year, status=offer.status, revision=offer.revision
    )


class OffersController(Controller):
    path = "/v1/training/offers"
    tags = ("Offres",)

    @post("/", guards=[decides(*OFFICE)], status_code=201, responses={201: ResponseSpec(OfferReceipt)})
    async def draft(
        self, data: JSONBody[OfferWish], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[bytes]:
        """Préparer une offre de formation ; le brouillon n’est visible que du service de formation."""
        agent.require(*OFFICE, academie=data.academie)
        async with db.transaction(agent) as tx:
            offer = draft(uuid7(), data)
            await store.record_draft(tx, offer, by=agent.id)
            return tx.answer(receipt(offer), status=201, location=f"{self.path}/{offer.id}", etag='"1"')

    @get("/", guards=[reads(*Role)])
    async def list(
        self,
        *,
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        request: Request[Agent, None, State],
        academie: FromQuery[CodeAcademie | None] = None,
        year: FromQuery[str | None] = None,
        status: FromQuery[Status | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response[Page[OfferSummary]]:
        """Lister les offres publiées de ses académies, de la plus récente à la plus ancienne."""
        (after,) = read_cursor(cursor, UUID) or (None,)
        asked = Filter(offices=offices_of(agent), academie=academie, year=year, status=status)
        async with db.transaction(agent) as tx:
            found = await views.offers(tx, asked, after, limit)
        return paged(found, limit, lambda each: (each.id,), request)

    @get("/{offer:uuid}", guards=[reads(*Role)])
    async def one(
        self, offer: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[OfferView]:
        """Lire une offre, ses modules, ses groupes et les places qui y restent."""
        async with db.transaction(agent) as tx:
            found = await views.offer(tx, offer, offices_of(agent))
        return Response(found, headers={"ETag": found.etag})

    @patch("/{offer:uuid}", guards=[decides(*OFFICE)], responses={200: ResponseSpec(OfferReceipt)})
    async def change(
        self,
        *,
        offer: FromPath[UUID],
        data: JSONBody[OfferChange],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        if_match: IfMatch = None,
    ) -> Response[bytes]:
        """Corriger un brouillon."""
        async with db.transaction(agent) as tx:
            locked = await store.lock_offer(tx, offer)
            agent.require(*OFFICE, academie=locked.academie)
            require_match(if_match, f'"{locked.revision}"')
            changed = change(locked, data)
            await store.record_change(tx, changed)
            return tx.answer(receipt(changed), etag=f'"{changed.revision}"')

    @post(
        "/{offer:uuid}/publication",
        guards=[decides(*OFFICE)],
        status_code=200,
        responses={200: ResponseSpec(OfferReceipt)},
    )
    async def publish(
        self, offer: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[bytes]:
        """Publier une offre à la date du jour ; elle ne change plus ensuite, ses quotas exceptés."""
        async with db.transaction(agent) as tx:
            locked = await store.lock_offer(tx, offer)
            agent.require(*OFFICE, academie=locked.academie)
            event = publish(locked, today=today_in(locked.academie, tx.at))
            published = await store.record_publication(tx, locked, event, by=agent.id)
            return tx.answer(receipt(published), etag=f'"{published.revision}"')

    @post(
        "/{offer:uuid}/editions",
        guards=[decides(*OFFICE)],
        status_code=201,
        responses={201: ResponseSpec(OfferReceipt)},
    )
    async def renew(
        self,
        offer: FromPath[UUID],
        data: JSONBody[EditionWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """Préparer l’édition d’une autre année : le même contenu, décalé de semaines entières, à corriger."""
        async with db.transaction(agent) as tx:
            earlier = await store.lock_offer(tx, offer)
            agent.require(*OFFICE, academie=earlier.academie)
            renewed = new_edition(earlier, uuid7(), data.year)
            await store.record_draft(tx, renewed, by=agent.id)
            return tx.answer(receipt(renewed), status=201, location=f"{self.path}/{renewed.id}", etag='"1"')
