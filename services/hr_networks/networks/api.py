"""Charters and networks over HTTP: the académie's office publishes and activates, its agents read."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from common.clock import today_in
from common.db import Database
from common.identifiers import CodeAcademie, CodeBassin
from common.identity import Agent, decides, reads
from common.pagination import Cursor, Limit, Page, paged, read_cursor
from common.uuid7 import uuid7
from hr_networks.networks import store, views
from hr_networks.networks.domain import CharterWish, NetworkWish, activate, applies_from
from hr_networks.networks.views import CharterView, Filter, NetworkView
from hr_networks.roles import NETWORK, OFFICE


class Publication(Struct, frozen=True, kw_only=True):
    """La version de la charte qui vient d’être publiée."""

    academie: CodeAcademie
    version: int
    applies_from: date


class Activation(Struct, frozen=True, kw_only=True):
    """Le réseau qui vient d’être activé."""

    id: UUID
    bassin: CodeBassin
    function: str
    charter: int


class ChartersController(Controller):
    path = "/v1/hr-networks/charters"
    tags = ("Réseaux",)

    @post("/", guards=[decides(*OFFICE)], status_code=201, responses={201: ResponseSpec(Publication)})
    async def publish(
        self, data: JSONBody[CharterWish], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[bytes]:
        """Publier la charte des réseaux de l’académie, ou sa nouvelle version."""
        agent.require(*OFFICE, academie=data.academie)
        async with db.transaction(agent) as tx:
            chosen = applies_from(data, today=today_in(data.academie, tx.at))
            version = await store.publish(tx, data, chosen, by=agent.id)
            published = Publication(academie=data.academie, version=version, applies_from=chosen)
            return tx.answer(published, status=201, location=f"{self.path}?academie={data.academie}")

    @get("/", guards=[reads(*NETWORK)])
    async def list(
        self,
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        academie: FromQuery[CodeAcademie | None] = None,
    ) -> Sequence[CharterView]:
        """Lire les chartes de ses académies, de la plus récente à la plus ancienne."""
        async with db.transaction(agent) as tx:
            return await views.charters(tx, academie)


class NetworksController(Controller):
    path = "/v1/hr-networks/networks"
    tags = ("Réseaux",)

    @post("/", guards=[decides(*OFFICE)], status_code=201, responses={201: ResponseSpec(Activation)})
    async def activate(
        self, data: JSONBody[NetworkWish], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[bytes]:
        """Activer le réseau de ressources humaines d’un bassin, en application de la charte."""
        academie = data.bassin.academie
        agent.require(*OFFICE, academie=academie)
        async with db.transaction(agent) as tx:
            ground = await store.ground(tx, data)
            activated, charter = activate(uuid7(), data, ground, today=today_in(academie, tx.at))
            await store.record(tx, data, activated, charter, by=agent.id)
            network, place = activated.subject, f"{self.path}/{activated.subject}"
            answer = Activation(id=network, bassin=data.bassin, function=data.function, charter=charter.version)
            return tx.answer(answer, status=201, location=place)

    @get("/", guards=[reads(*NETWORK)])
    async def list(
        self,
        *,
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        request: Request[Agent, None, State],
        academie: FromQuery[CodeAcademie | None] = None,
        bassin: FromQuery[CodeBassin | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response[Page[NetworkView]]:
        """Lister les réseaux activés, du plus récent au plus ancien."""
        (after,) = read_cursor(cursor, UUID) or (None,)
        async with db.transaction(agent) as tx:
            found = await views.networks(tx, Filter(academie=academie, bassin=bassin), after, limit)
        return paged(found, limit, lambda each: (each.id,), request)

    @get("/{network:uuid}", guards=[reads(*NETWORK)])
    async def one(
        self, network: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> NetworkView:
        """Lire un réseau et ce à quoi il sert."""
        async with db.transaction(agent) as tx:
            return await views.network(tx, network)
