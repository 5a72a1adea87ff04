"""Autorisations over HTTP: a chef d'établissement answers for his own in one call; whoever convenes sees them."""

from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody

from common.db import Database
from common.identity import Agent, Role, decides, reads
from training.autorisations import store, views
from training.autorisations.documents import drafts
from training.autorisations.domain import AnswersWish, answer
from training.autorisations.views import AutorisationsView, Place
from training.papers.receipts import IssuedPapers
from training.papers.store import new_ids, record
from training.roles import OFFICE


class AutorisationsController(Controller):
    path = "/v1/training/meetings/{meeting:uuid}/autorisations"
    tags = ("Autorisations",)

    @post(
        "/",
        guards=[decides(Role.CHEF_ETABLISSEMENT)],
        status_code=200,
        responses={200: ResponseSpec(IssuedPapers)},
    )
    async def answer(
        self,
        meeting: FromPath[UUID],
        data: JSONBody[AnswersWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """Autoriser les personnes de son établissement à se rendre à la réunion, ou le refuser avec un motif."""
        async with db.transaction(agent) as tx:
            held = await store.hold(tx, meeting)
            agent.require(Role.CHEF_ETABLISSEMENT, academie=held.sheet.meeting.academie, uai=data.uai)
            events = answer(held.sheet, data, held.convened, new_ids(), at=tx.at)
            drafted = drafts(held.sheet, data, events)
            given = await record(tx, held.sheet.counter, drafted, events)
            numbers = [number for number, each in zip(given, drafted, strict=True) if each.cancels is None]
            return tx.answer(IssuedPapers.of(events, numbers, ()))

    @get("/", guards=[reads(*OFFICE, Role.ANIMATEUR_BASSIN, Role.CHEF_ETABLISSEMENT)])
    async def list(
        self, meeting: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> AutorisationsView:
        """Lire qui est autorisé à venir : tout pour qui convie, les siens pour un chef d’établissement."""
        async with db.transaction(agent) as tx:
            where = await views.place(tx, meeting)
            if convenes(agent, where):
                office = any(agent.holds(role, academie=where.academie) for role in OFFICE)
                return await views.autorisations(tx, meeting, uais=None, reasons=office)
            mine = [m.uai for m in agent.mandates if m.role is Role.CHEF_ETABLISSEMENT and m.uai is not None]
            agent.require(Role.CHEF_ETABLISSEMENT, academie=where.academie, uai=mine[0] if mine else None)
            return await views.autorisations(tx, meeting, uais=mine, reasons=True)


def convenes(agent: Agent, where: Place) -> bool:
    """The training office, or a bassin role in its own bassin, who sees no reason."""
    office = any(agent.holds(role, academie=where.academie) for role in OFFICE)
    return office or agent.holds(Role.ANIMATEUR_BASSIN, academie=where.academie, bassin=where.bassin)
