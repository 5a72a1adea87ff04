"""Avis over HTTP: the chef d'établissement gives his, one or many at once; the office decides where none came."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Self
from uuid import UUID

from litestar import Controller, Response, get, post, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct
from msgspec.structs import replace

from common.clock import today_in
from common.contracts.training import AvisGiven
from common.db import Database
from common.identity import Agent, Role, decides, reads
from common.refusal import Refusal
from common.tx import Tx
from common.uuid7 import uuid7
from training.avis import store, views
from training.avis.domain import (
    Asked,
    AvisAlreadyGiven,
    AvisWish,
    LapseWish,
    Value,
    decide_lapse,
    give,
    legal_note,
    refusals_in_a_row,
)
from training.avis.store import Given
from training.avis.views import AvisView
from training.candidatures import views as candidatures
from training.candidatures.domain import Candidature, Status, UnknownCandidature
from training.roles import ANYBODY, OFFICE


class AvisReceipt(Struct, frozen=True, kw_only=True):
    """L’avis enregistré ; il ne se modifie plus."""

    id: UUID
    candidature: UUID
    value: Value
    value_label: str
    legal_note: str | None

    @classmethod
    def of(cls, given: Given) -> Self:
        return cls(
            id=given.event.avis,
            candidature=given.event.subject,
            value=(value := Value(given.event.value)),
            value_label=value.label,
            legal_note=legal_note(given.refusals),
        )


class OneOfMany(AvisWish, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """L’avis sur l’une des candidatures d’un envoi groupé."""

    candidature: UUID


class ManyAvisWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    avis: Annotated[tuple[OneOfMany, ...], Meta(min_length=1, max_length=50)]


class Outcome(Struct, frozen=True, kw_only=True):
    """Ce qu’est devenu l’un des avis d’un envoi groupé : enregistré, ou refusé avec sa raison."""

    candidature: UUID
    given: AvisReceipt | None = None
    type: str | None = None  # of the problem, as it would have been answered to this avis alone
    title: str | None = None
    detail: str | None = None


class LapseReceipt(Struct, frozen=True, kw_only=True):
    """La suite décidée pour une candidature restée sans avis."""

    candidature: UUID
    status: Status
    status_label: str
    goes_on: bool


def judge(agent: Agent, asked: Asked, wish: AvisWish, *, today: date) -> Given:
    candidature = asked.candidature
    heads = agent.holds(Role.CHEF_ETABLISSEMENT, academie=candidature.academie, uai=candidature.uai)
    event: AvisGiven = give(asked, wish, uuid7(), heads=heads, today=today)
    refusals = refusals_in_a_row(asked.refusals, wish.value)
    return Given(academie=candidature.academie, event=event, wish=wish, refusals=refusals)


def judge_each(
    agent: Agent, asked: Mapping[UUID, Asked], wish: ManyAvisWish, *, tx: Tx
) -> Iterator[tuple[UUID, Given | Refusal]]:
    """Each on its own: one that is refused stops none of the others; those of one person count in their order."""
    given: set[UUID] = set()
    refusals: dict[UUID, int] = {}
    for each in wish.avis:
        try:
            if each.candidature in given:
                raise AvisAlreadyGiven
            known = asked.get(each.candidature)
            if known is None:
                raise UnknownCandidature
            person = known.candidature.person
            known = replace(known, refusals=refusals.get(person, known.refusals))
            accepted = judge(agent, known, each, today=today_in(known.candidature.academie, tx.at))
        except Refusal as refusal:
            yield each.candidature, refusal
        else:
            given.add(each.candidature)
            refusals[person] = accepted.refusals
            yield each.candidature, accepted


def outcome(candidature: UUID, judged: Given | Refusal) -> Outcome:
    if isinstance(judged, Given):
        return Outcome(candidature=candidature, given=AvisReceipt.of(judged))
    kind = f"/problems/{judged.code}"
    return Outcome(candidature=candidature, type=kind, title=judged.title, detail=judged.detail)


class AvisController(Controller):
    path = "/v1/training/candidatures/{candidature:uuid}"
    tags = ("Avis",)

    @put("/avis", guards=[decides(Role.CHEF_ETABLISSEMENT)], responses={200: ResponseSpec(AvisReceipt)})
    async def give(
        self,
        candidature: FromPath[UUID],
        data: JSONBody[AvisWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """Donner son avis circonstancié sur la candidature d’un agent de son établissement ; il est définitif."""
        async with db.transaction(agent) as tx:
            asked = await store.lock_one(tx, candidature)
            given = judge(agent, asked, data, today=today_in(asked.candidature.academie, tx.at))
            await store.record(tx, [given], by=agent.id)
            return tx.answer(AvisReceipt.of(given))

    @get("/avis", guards=[reads(*ANYBODY)])
    async def one(
        self, candidature: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> AvisView:
        """Lire l’avis rendu : le chef d’établissement, le service de formation, et l’agent concerné."""
        async with db.transaction(agent) as tx:
            about, own = await candidatures.one(tx, candidature, agent.id)
            if not own and not agent.holds(Role.CHEF_ETABLISSEMENT, academie=about.academie, uai=about.uai):
                agent.require(*OFFICE, academie=about.academie)
            return await views.avis(tx, candidature)

    @post("/avis-lapse", guards=[decides(*OFFICE)], status_code=200, responses={200: ResponseSpec(LapseReceipt)})
    async def decide_lapse(
        self,
        candidature: FromPath[UUID],
        data: JSONBody[LapseWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """Décider de la suite d’une candidature restée sans avis à l’échéance, avec un motif."""
        async with db.transaction(agent) as tx:
            lapsed: Candidature = (await store.lock_one(tx, candidature)).candidature
            agent.require(*OFFICE, academie=lapsed.academie)
            ended = decide_lapse(lapsed, go_on=data.go_on)
            await store.record_lapse_decision(tx, lapsed, data, ended)
            status = Status.AVIS_LAPSED if ended is None else Status.NOT_RETAINED
            receipt = LapseReceipt(
                candidature=candidature, status=status, status_label=status.label, goes_on=data.go_on
            )
            return tx.answer(receipt)


class ManyAvisController(Controller):
    path = "/v1/training/avis"
    tags = ("Avis",)

    @post(
        "/",
        guards=[decides(Role.CHEF_ETABLISSEMENT)],
        status_code=200,
        responses={200: ResponseSpec(list[Outcome])},
    )
    async def give_many(
        self, data: JSONBody[ManyAvisWish], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[bytes]:
        """Donner plusieurs avis en un envoi ; chacun est jugé pour lui-même, et sa suite est dite."""
        async with db.transaction(agent) as tx:
            asked = await store.lock_asked(tx, [each.candidature for each in data.avis])
            judged = list(judge_each(agent, asked, data, tx=tx))
            given = [each for _, each in judged if isinstance(each, Given)]
            if given:
                await store.record(tx, given, by=agent.id)
            return tx.answer([outcome(candidature, each) for candidature, each in judged])
