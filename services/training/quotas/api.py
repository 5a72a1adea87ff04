"""Quotas over HTTP: the office sets them; once a selection is decided, only having seen what a change entails."""

import hashlib
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from common.clock import today_in
from common.db import Database
from common.identifiers import enc_hook
from common.identity import Agent, decides, reads
from common.protocol import IfMatch, PreconditionRequired, require_match
from training.candidatures import store as candidatures
from training.promotions.domain import Standing, promote
from training.quotas import store
from training.quotas.domain import Consequence, ConsequencesNotSeen, Quotas, consequences, refuse_impossible
from training.quotas.store import QuotasView
from training.roles import OFFICE

DryRun = Annotated[
    bool, QueryParameter(name="dry_run", description="Dire ce que le changement entraîne, sans le faire.")
]


class QuotasChange(Struct, frozen=True, kw_only=True):
    """Un changement de quotas, et ce qu’il entraîne dans les bassins dont la sélection est arrêtée."""

    offer: UUID
    applied: bool
    quotas: Quotas
    consequences: Sequence[Consequence]


def etag(standing: Standing, after: Quotas, entailed: Sequence[Consequence]) -> str:
    """Before any selection the revision; afterwards that of exactly this change with exactly these consequences."""
    if not standing.selected:
        return f'"{standing.quotas_revision}"'
    seen = msgspec.json.encode([standing.quotas_revision, after, entailed], enc_hook=enc_hook)
    return f'"{hashlib.sha256(seen).hexdigest()[:32]}"'


def require_seen(if_match: str | None, standing: Standing, seen: str) -> None:
    if not standing.selected:
        require_match(if_match, seen)
    elif not if_match:
        raise PreconditionRequired("Cette modification exige l’en-tête If-Match.")
    elif if_match.strip() != seen:
        raise ConsequencesNotSeen


class QuotasController(Controller):
    path = "/v1/training/offers/{offer:uuid}/quotas"
    tags = ("Offres",)

    @get("/", guards=[reads(*OFFICE)])
    async def quotas(
        self, offer: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[QuotasView]:
        """Lire les quotas d’une offre : la fourchette de tous les bassins et les exceptions."""
        async with db.transaction(agent) as tx:
            found = await store.quotas(tx, offer)
        agent.require(*OFFICE, academie=found.academie)
        return Response(found, headers={"ETag": f'"{found.revision}"'})

    @put("/", guards=[decides(*OFFICE)], responses={200: ResponseSpec(QuotasChange)})
    async def change(
        self,
        *,
        offer: FromPath[UUID],
        data: JSONBody[Quotas],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        if_match: IfMatch = None,
        dry_run: DryRun = False,
    ) -> Response[bytes]:
        """Changer les quotas ; après une sélection, en ayant lu ce que cela entraîne (`dry_run=true`)."""
        async with db.transaction(agent) as tx:
            standing = (await candidatures.lock_all(tx, offer)).standing
            agent.require(*OFFICE, academie=standing.academie)
            refuse_impossible(data, standing.academie)
            today = today_in(standing.academie, tx.at)
            selected = store.selected(standing)
            entailed = consequences(standing.quotas, data, selected, first_day=standing.first_day, today=today)
            seen = etag(standing, data, entailed)
            if not dry_run:
                require_seen(if_match, standing, seen)
                called = [standing.one(each) for consequence in entailed for each in consequence.promoted]
                await store.record(tx, standing, data, promote(standing, called, today=today))
            change = QuotasChange(offer=offer, applied=not dry_run, quotas=data, consequences=entailed)
            return tx.answer(change, etag=seen if dry_run else f'"{standing.quotas_revision + 1}"')
