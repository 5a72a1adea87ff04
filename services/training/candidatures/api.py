"""Candidatures over HTTP: somebody applies for himself, chooses his groups, withdraws; the office sees them all."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Self
from uuid import UUID

from litestar import Controller, Request, Response, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta, Struct

from common.clock import today_in
from common.contracts.training import CandidatureSubmitted
from common.db import Database
from common.identifiers import CodeBassin, Uai
from common.identity import Agent, Role, proposes, reads
from common.pagination import Cursor, Limit, Page, paged, read_cursor
from common.texts import Line
from common.uuid7 import uuid7
from training.avis.domain import Value
from training.candidatures import store, views
from training.candidatures.domain import (
    Candidature,
    Status,
    refuse_late_choice,
    refuse_others,
    start,
    submit,
)
from training.candidatures.store import Applying, Held
from training.candidatures.views import CandidatureView, Filter
from training.groups.domain import choose, refuse_full, refuse_missing
from training.offers import views as offers
from training.promotions.domain import withdraw
from training.roles import ANYBODY, OFFICE, offices_of

Groups = Annotated[tuple[UUID, ...], Meta(max_length=20)]


class CandidatureWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Une candidature, en brouillon ou aussitôt déposée."""

    groups: Groups = ()  # one of each module, by the time it is submitted
    uai: Uai | None = None  # where several schools named the person
    submit: bool = False


class GroupsWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    groups: Groups


class WithdrawalWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Line | None = None


class CandidatureReceipt(Struct, frozen=True, kw_only=True):
    """L’état d’une candidature après ce qui vient d’en être fait."""

    id: UUID
    offer: UUID
    uai: Uai
    bassin: CodeBassin
    status: Status
    status_label: str
    groups: Sequence[UUID]

    @classmethod
    def of(cls, candidature: Candidature, status: Status, groups: Sequence[UUID] | None = None) -> Self:
        return cls(
            id=candidature.id,
            offer=candidature.offer,
            uai=candidature.uai,
            bassin=candidature.bassin,
            status=status,
            status_label=status.label,
            groups=list(candidature.groups.values()) if groups is None else groups,
        )


def judge(
    judged: Applying, wish: CandidatureWish, candidature: UUID, *, today: date
) -> tuple[Candidature, CandidatureSubmitted | None]:
    opening, applicant = judged.opening, judged.applicant
    groups = choose(wish.groups, opening.modules, engagements=applicant.engagements)
    drafted = start(candidature, opening, applicant, groups=groups, uai=wish.uai, today=today)
    return drafted, submit(drafted, opening, applicant, today=today) if wish.submit else None


def choose_anew(held: Held, mine: Candidature, chosen: Sequence[UUID]) -> dict[UUID, UUID]:
    """Once submitted, a group of each module is needed, as before."""
    modules = held.standing.modules
    refuse_late_choice(mine.status)
    groups = choose(chosen, modules, engagements=held.engagements)
    if mine.status is not Status.DRAFT:
        refuse_missing(groups, modules)
    refuse_full(groups.values(), modules, held.standing.taken(but=mine.id))
    return groups


class OfferCandidaturesController(Controller):
    path = "/v1/training/offers/{offer:uuid}/candidatures"
    tags = ("Candidatures",)

    @post("/", guards=[proposes(*ANYBODY)], status_code=201, responses={201: ResponseSpec(CandidatureReceipt)})
    async def apply(
        self,
        offer: FromPath[UUID],
        data: JSONBody[CandidatureWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """Candidater à une offre, en brouillon ou en déposant aussitôt sa candidature."""
        async with db.transaction(agent) as tx:
            today = today_in(agent.academie, tx.at)
            judged = await store.applying(tx, offer, agent.id, today=today)
            candidature, submitted = judge(judged, data, uuid7(), today=today)
            await store.record_start(tx, candidature, submitted)
            status = Status.DRAFT if submitted is None else Status.SUBMITTED
            location = f"/v1/training/candidatures/{candidature.id}"
            return tx.answer(CandidatureReceipt.of(candidature, status), status=201, location=location)

    @get("/", guards=[reads(*OFFICE)])
    async def list(
        self,
        *,
        offer: FromPath[UUID],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        request: Request[Agent, None, State],
        bassin: FromQuery[CodeBassin | None] = None,
        status: FromQuery[Status | None] = None,
        avis: FromQuery[Value | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response[Page[CandidatureView]]:
        """Lire les candidatures déposées à une offre, leurs avis et leur suite."""
        (after,) = read_cursor(cursor, UUID) or (None,)
        asked = Filter(offer=offer, bassin=bassin, status=status, avis=avis)
        async with db.transaction(agent) as tx:
            agent.require(*OFFICE, academie=(await offers.offer(tx, offer, offices_of(agent))).academie)
            found = await views.of_an_offer(tx, asked, after, limit)
        return paged(found, limit, lambda each: (each.id,), request)


class CandidatureController(Controller):
    path = "/v1/training/candidatures/{candidature:uuid}"
    tags = ("Candidatures",)

    @get("/", guards=[reads(*ANYBODY)])
    async def one(
        self, candidature: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> CandidatureView:
        """Lire une candidature : la sienne, celle d’un agent de son établissement, ou au titre de la formation."""
        async with db.transaction(agent) as tx:
            found, own = await views.one(tx, candidature, agent.id)
        if not own and not agent.holds(Role.CHEF_ETABLISSEMENT, academie=found.academie, uai=found.uai):
            agent.require(*OFFICE, academie=found.academie)
        return found

    @post(
        "/submission",
        guards=[proposes(*ANYBODY)],
        status_code=200,
        responses={200: ResponseSpec(CandidatureReceipt)},
    )
    async def submit(
        self, candidature: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[bytes]:
        """Déposer sa candidature ; l’avis du chef d’établissement est aussitôt demandé."""
        async with db.transaction(agent) as tx:
            today = today_in(agent.academie, tx.at)
            draft, judged = await store.lock_one(tx, candidature, agent.id, today=today)
            refuse_others(draft, judged.applicant.person)
            submitted = submit(draft, judged.opening, judged.applicant, today=today)
            await store.record_submission(tx, draft, submitted)
            return tx.answer(CandidatureReceipt.of(draft, Status.SUBMITTED))

    @put("/groups", guards=[proposes(*ANYBODY)], responses={200: ResponseSpec(CandidatureReceipt)})
    async def choose_groups(
        self,
        candidature: FromPath[UUID],
        data: JSONBody[GroupsWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """Choisir ses groupes, ou en changer tant qu’il y reste des places."""
        async with db.transaction(agent) as tx:
            held = await store.lock_all_around(tx, candidature, agent.id)
            mine = held.standing.one(candidature)
            refuse_others(mine, held.me)
            groups = choose_anew(held, mine, data.groups)
            await store.record_groups(tx, mine, groups)
            return tx.answer(CandidatureReceipt.of(mine, mine.status, list(groups.values())))

    @post(
        "/withdrawal",
        guards=[proposes(*ANYBODY)],
        status_code=200,
        responses={200: ResponseSpec(CandidatureReceipt)},
    )
    async def withdraw(
        self,
        candidature: FromPath[UUID],
        data: JSONBody[WithdrawalWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """Retirer sa candidature ; une place libérée est proposée à la liste d’attente du bassin."""
        async with db.transaction(agent) as tx:
            held = await store.lock_all_around(tx, candidature, agent.id)
            mine = held.standing.one(candidature)
            refuse_others(mine, held.me)
            moves = withdraw(held.standing, mine, today=today_in(mine.academie, tx.at))
            await store.record_withdrawal(tx, mine, moves, reason=data.reason)
            return tx.answer(CandidatureReceipt.of(mine, Status.WITHDRAWN))


class OwnCandidaturesController(Controller):
    path = "/v1/training/me/candidatures"
    tags = ("Candidatures",)

    @get("/", guards=[reads(*ANYBODY)])
    async def list(self, agent: NamedDependency[Agent], db: NamedDependency[Database]) -> list[CandidatureView]:
        """Lire ses candidatures, de la plus récente à la plus ancienne."""
        async with db.transaction(agent) as tx:
            return await views.own(tx, agent.academie, agent.id)


class SchoolCandidaturesController(Controller):
    path = "/v1/training/schools/{uai:str}/candidatures"
    tags = ("Candidatures",)

    @get("/", guards=[reads(Role.CHEF_ETABLISSEMENT)])
    async def list(
        self,
        *,
        uai: FromPath[Uai],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        waiting: FromQuery[bool] = True,
    ) -> list[CandidatureView]:
        """Lire les candidatures de son établissement qui attendent un avis, ou toutes (`waiting=false`)."""
        agent.require(Role.CHEF_ETABLISSEMENT, academie=agent.academie, uai=uai)
        async with db.transaction(agent) as tx:
            return await views.of_a_school(tx, agent.academie, uai, waiting=waiting)
