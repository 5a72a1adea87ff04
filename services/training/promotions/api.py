"""Promotions over HTTP: whoever is called from the waiting list accepts the place, or leaves it to the next."""

from uuid import UUID

from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from common.clock import today_in
from common.db import Database
from common.identity import Agent, proposes
from training.candidatures import store
from training.candidatures.api import CandidatureReceipt
from training.candidatures.domain import Status, refuse_others
from training.promotions.domain import accept_promotion, refuse_promotion
from training.roles import ANYBODY


class PromotionController(Controller):
    path = "/v1/training/candidatures/{candidature:uuid}"
    tags = ("Sélection",)

    @post(
        "/acceptance",
        guards=[proposes(*ANYBODY)],
        status_code=200,
        responses={200: ResponseSpec(CandidatureReceipt)},
    )
    async def accept(
        self, candidature: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[bytes]:
        """Accepter la place proposée depuis la liste d’attente."""
        async with db.transaction(agent) as tx:
            held = await store.lock_all_around(tx, candidature, agent.id)
            mine = held.standing.one(candidature)
            refuse_others(mine, held.me)
            moves = accept_promotion(held.standing, mine, today=today_in(mine.academie, tx.at))
            await store.record(tx, mine.academie, moves)
            return tx.answer(CandidatureReceipt.of(mine, Status.RETAINED))

    @post(
        "/refusal",
        guards=[proposes(*ANYBODY)],
        status_code=200,
        responses={200: ResponseSpec(CandidatureReceipt)},
    )
    async def refuse(
        self, candidature: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[bytes]:
        """Refuser la place proposée : elle va au suivant de la liste d’attente du bassin."""
        async with db.transaction(agent) as tx:
            held = await store.lock_all_around(tx, candidature, agent.id)
            mine = held.standing.one(candidature)
            refuse_others(mine, held.me)
            moves = refuse_promotion(held.standing, mine, today=today_in(mine.academie, tx.at))
            await store.record(tx, mine.academie, moves)
            return tx.answer(CandidatureReceipt.of(mine, Status.WITHDRAWN))
