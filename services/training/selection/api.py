"""Selections over HTTP: the office reads the proposal of a bassin and decides, once; a bassin reads its figures."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from common.clock import today_in
from common.contracts.training import CandidatureNotRetained, CandidatureRetained, CandidatureWaitlisted
from common.db import Database
from common.identifiers import CodeAcademie, CodeBassin
from common.identity import Agent, Role, decides, reads
from common.texts import Line
from training.candidatures import store as candidatures
from training.offers import views as offers
from training.promotions.domain import Standing
from training.quotas.domain import is_under
from training.roles import OFFICE, offices_of
from training.selection import store, views
from training.selection.domain import Decision, decide
from training.selection.views import UNDER, BassinStanding, SelectionView


class SelectionWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """La proposition telle quelle, ou d’autres candidatures à retenir, avec un motif."""

    retained: Annotated[tuple[UUID, ...], Meta(max_length=999)] | None = None
    reason: Line | None = None


class SelectionReceipt(Struct, frozen=True, kw_only=True):
    """La sélection arrêtée d’un bassin."""

    offer: UUID
    bassin: CodeBassin
    by_hand: bool
    retained: Sequence[UUID]
    waiting: Sequence[UUID]  # in their order
    not_retained: Sequence[UUID]
    minimum: int
    maximum: int
    under_minimum: bool
    warning: str | None


def receipt(
    standing: Standing, bassin: CodeBassin, decisions: Sequence[Decision], *, by_hand: bool
) -> SelectionReceipt:
    retained = [each.subject for each in decisions if isinstance(each, CandidatureRetained)]
    quota = standing.quotas.of(bassin)
    under = is_under(quota, len(retained))
    return SelectionReceipt(
        offer=standing.offer,
        bassin=bassin,
        by_hand=by_hand,
        retained=retained,
        waiting=[each.subject for each in decisions if isinstance(each, CandidatureWaitlisted)],
        not_retained=[each.subject for each in decisions if isinstance(each, CandidatureNotRetained)],
        minimum=quota.minimum,
        maximum=quota.maximum,
        under_minimum=under,
        warning=UNDER if under else None,
    )


class BassinsController(Controller):
    path = "/v1/training/offers/{offer:uuid}/bassins"
    tags = ("Sélection",)

    @get("/", guards=[reads(*OFFICE, Role.ANIMATEUR_BASSIN)])
    async def bassins(
        self, offer: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> list[BassinStanding]:
        """Lire les chiffres de chaque bassin pour une offre ; un animateur lit ceux de son bassin."""
        async with db.transaction(agent) as tx:
            academie = (await offers.offer(tx, offer, offices_of(agent))).academie
            return await views.bassins(tx, offer, bassins_read_by(agent, academie))

    @get("/{bassin:str}/selection", guards=[reads(*OFFICE)])
    async def selection(
        self,
        offer: FromPath[UUID],
        bassin: FromPath[CodeBassin],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> SelectionView:
        """Lire la sélection d’un bassin : proposée, chaque place étant expliquée, ou arrêtée."""
        async with db.transaction(agent) as tx:
            agent.require(*OFFICE, academie=(await offers.offer(tx, offer, offices_of(agent))).academie)
            return await views.selection(tx, offer, bassin)

    @post(
        "/{bassin:str}/selection",
        guards=[decides(*OFFICE)],
        status_code=200,
        responses={200: ResponseSpec(SelectionReceipt)},
    )
    async def decide(
        self,
        *,
        offer: FromPath[UUID],
        bassin: FromPath[CodeBassin],
        data: JSONBody[SelectionWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """Arrêter la sélection d’un bassin, une fois : comme proposée, ou autrement avec un motif."""
        async with db.transaction(agent) as tx:
            standing = (await candidatures.lock_all(tx, offer)).standing
            agent.require(*OFFICE, academie=standing.academie)
            today = today_in(standing.academie, tx.at)
            decisions, by_hand = decide(standing, bassin, data.retained, reason=data.reason, today=today)
            reason = data.reason if by_hand else None
            await store.record(tx, standing, bassin, decisions, reason=reason, by=agent.id)
            return tx.answer(receipt(standing, bassin, decisions, by_hand=by_hand))


def bassins_read_by(agent: Agent, academie: CodeAcademie) -> frozenset[CodeBassin] | None:
    """None: all of them."""
    if any(agent.holds(role, academie=academie) for role in OFFICE):
        return None
    mine = (m.bassin for m in agent.mandates if m.academie == academie and m.role is Role.ANIMATEUR_BASSIN)
    return frozenset(bassin for bassin in mine if bassin is not None)
