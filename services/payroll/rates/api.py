"""Rates over HTTP: those in force, a correction proposed, what it would change, and its application."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from common.db import Database
from common.identifiers import CodeAcademie
from common.identity import Agent, decides, reads
from common.protocol import IfMatch, require_match
from common.uuid7 import uuid7
from payroll.rates import store
from payroll.rates.domain import Category, Kind, ProposedRate, Rate, RateWish, apply, propose
from payroll.rates.reference import nationwide
from payroll.rates.store import Differences
from payroll.roles import COORDINATION


class RateView(Struct, frozen=True, kw_only=True):
    """Un taux en millièmes d’euro, depuis un jour ; sans identifiant, il est celui des arrêtés."""

    id: UUID | None
    kind: Kind
    kind_label: str
    category: Category
    above_km: int
    mills: int
    valid_from: date
    source: str
    recorded_at: datetime | None
    applied: bool
    revision: int

    @classmethod
    def of(cls, rate: Rate, proposed: ProposedRate | None = None) -> "RateView":
        return cls(
            id=None if proposed is None else proposed.id,
            kind=rate.kind,
            kind_label=rate.kind.label,
            category=rate.category,
            above_km=rate.above_km,
            mills=rate.mills,
            valid_from=rate.valid_from,
            source=rate.source,
            recorded_at=rate.recorded_at,
            applied=proposed is None or proposed.applied,
            revision=0 if proposed is None else proposed.revision,
        )


class Applied(Struct, frozen=True, kw_only=True):
    """Le taux appliqué ; les éléments sont recalculés dans les secondes qui suivent."""

    id: UUID
    revision: int


class RatesController(Controller):
    path = "/v1/payroll"
    tags = ("Règles et taux",)

    @get("/academies/{academie:str}/rates", guards=[reads(COORDINATION)])
    async def list(
        self, academie: FromPath[CodeAcademie], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Sequence[RateView]:
        """Lire tous les taux, ceux des arrêtés et les corrections de l’académie."""
        agent.require(COORDINATION, academie=academie)
        async with db.transaction(agent) as tx:
            own = await store.of_academie(tx, academie)
        return [*(RateView.of(rate) for rate in nationwide()), *(RateView.of(each.rate, each) for each in own)]

    @post(
        "/academies/{academie:str}/rates",
        guards=[decides(COORDINATION)],
        status_code=201,
        responses={201: ResponseSpec(RateView)},
    )
    async def propose(
        self,
        academie: FromPath[CodeAcademie],
        data: JSONBody[RateWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """Enregistrer un taux nouveau ou corrigé ; il ne change rien avant d’être appliqué."""
        agent.require(COORDINATION, academie=academie)
        async with db.transaction(agent) as tx:
            rate, identifier = propose(data, at=tx.at), uuid7()
            await store.record_proposal(tx, academie, identifier, rate, by=agent.id)
            proposed = ProposedRate(id=identifier, rate=rate, applied=False, revision=1)
            location = f"{self.path}/rates/{identifier}/differences"
            return tx.answer(RateView.of(rate, proposed), status=201, location=location, etag='"1"')

    @get("/rates/{rate:uuid}/differences", guards=[reads(COORDINATION)])
    async def differences(
        self, rate: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[Differences]:
        """Voir, avant d’appliquer un taux, ce qu’il changerait à chaque mission."""
        async with db.transaction(agent) as tx:
            academie, proposed = await store.proposed(tx, rate)
            agent.require(COORDINATION, academie=academie)
            found = await store.differences(tx, academie, proposed)
        return Response(found, headers={"ETag": f'"{proposed.revision}"'})

    @post(
        "/rates/{rate:uuid}/application",
        guards=[decides(COORDINATION)],
        status_code=200,
        responses={200: ResponseSpec(Applied)},
    )
    async def apply(
        self,
        rate: FromPath[UUID],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        if_match: IfMatch = None,
    ) -> Response[bytes]:
        """Appliquer un taux (If-Match) : le non transmis est recalculé, le transmis donne une régularisation."""
        async with db.transaction(agent) as tx:
            academie, proposed = await store.proposed(tx, rate, lock=True)
            agent.require(COORDINATION, academie=academie)
            require_match(if_match, f'"{proposed.revision}"')
            apply(proposed)
            revision = await store.record_application(tx, academie, proposed)
            return tx.answer(Applied(id=rate, revision=revision), etag=f'"{revision}"')
