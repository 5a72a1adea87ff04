"""People on mission over HTTP: the coordination enters where they live and what they drive."""

from uuid import UUID

from litestar import Controller, Response, get, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from common.db import Database
from common.identifiers import CodeAcademie
from common.identity import Agent, decides, reads
from common.protocol import IfMatch, require_match
from payroll.roles import COORDINATION
from payroll.travellers import store
from payroll.travellers.domain import TravellerWish, enter
from payroll.travellers.store import TravellerView


class Entered(Struct, frozen=True, kw_only=True):
    """Ce qui vient d’être enregistré d’une personne ; ses éléments sont recalculés dans les secondes qui suivent."""

    person: UUID
    revision: int


class TravellersController(Controller):
    path = "/v1/payroll/academies/{academie:str}/travellers/{person:uuid}"
    tags = ("Personnes en mission",)

    @get("/", guards=[reads(COORDINATION)])
    async def one(
        self,
        academie: FromPath[CodeAcademie],
        person: FromPath[UUID],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[TravellerView]:
        """Lire la résidence et le véhicule d’une personne, version par version."""
        agent.require(COORDINATION, academie=academie)
        async with db.transaction(agent) as tx:
            found = await store.one(tx, academie, person)
        return Response(found, headers={"ETag": found.etag})

    @put(
        "/",
        guards=[decides(COORDINATION)],
        responses={200: ResponseSpec(Entered, description="Correction"), 201: ResponseSpec(Entered)},
    )
    async def enter(
        self,
        *,
        academie: FromPath[CodeAcademie],
        person: FromPath[UUID],
        data: JSONBody[TravellerWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        if_match: IfMatch = None,
    ) -> Response[bytes]:
        """Enregistrer la résidence et le véhicule d’une personne à partir d’un jour, ou les corriger (If-Match)."""
        agent.require(COORDINATION, academie=academie)
        async with db.transaction(agent) as tx:
            known = await store.lock(tx, academie, person)
            if known.revision or if_match:
                require_match(if_match, f'"{known.revision}"')
            revision = await store.record(tx, academie, known, enter(known, data), by=agent.id)
            answer = Entered(person=person, revision=revision)
            return tx.answer(answer, status=200 if known.revision else 201, etag=f'"{revision}"')
