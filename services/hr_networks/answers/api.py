"""Answers over HTTP: the head of a school gives and corrects them, the office reads them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID, uuid4

from litestar import Controller, Request, Response, get, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Stream
from msgspec import Meta, Struct

from common import audit
from common.clock import zone_of
from common.contracts.hr_networks import CensusAnswered
from common.db import Database
from common.exports import Profil, ProfilDemande, csv_answer
from common.identifiers import Uai
from common.identity import Agent, Role, decides, reads
from common.openapi import refuses
from common.pagination import Cursor, Limit, Page, paged, read_cursor
from common.protocol import IfMatch, require_match
from hr_networks.answers import store, views
from hr_networks.answers.names import HEADER, row_of
from hr_networks.answers.store import Judged
from hr_networks.answers.views import AnswerSummary, AnswerView
from hr_networks.census import views as census
from hr_networks.census.domain import NotYourSchool, accept_changes, answer, local_day
from hr_networks.people.domain import Declaration, PersonWish, declare
from hr_networks.roles import OFFICE

Version = Annotated[
    int | None, QueryParameter(name="revision", ge=1, le=100_000, description="Une version antérieure de la réponse.")
]


class AnswerWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Les personnes qui exercent la fonction demandée ; une liste vide dit qu’il n’y en a pas."""

    persons: Annotated[list[PersonWish], Meta(max_length=50)]


class Receipt(Struct, frozen=True, kw_only=True):
    """La version enregistrée d’une réponse ; elle ne répète aucun nom."""

    campaign: UUID
    uai: Uai
    revision: int
    identified: int
    persons: tuple[UUID, ...]

    @classmethod
    def of(cls, answered: CensusAnswered) -> Self:
        return cls(
            campaign=answered.census,
            uai=Uai(answered.uai),
            revision=answered.revision,
            identified=answered.identified,
            persons=answered.persons,
        )


def judge(
    agent: Agent, judged: Judged, wishes: Sequence[PersonWish], if_match: str | None, *, at: datetime
) -> tuple[Declaration, CensusAnswered]:
    """The head of that school, while the census is open, having read what he corrects."""
    school = judged.school
    if not agent.holds(Role.CHEF_ETABLISSEMENT, academie=school.campaign.academie, uai=school.uai):
        raise NotYourSchool
    today = local_day(at, zone_of(school.campaign.academie))
    accept_changes(school.campaign, today=today)
    if school.revision or if_match:
        require_match(if_match, f'"{school.revision}"')
    declaration = declare(wishes, judged.known, iter(uuid4, None))
    persons = [line.person for line in declaration.lines]
    return declaration, answer(school, persons, unchanged=declaration.unchanged, today=today)


class AnswersController(Controller):
    path = "/v1/hr-networks/campaigns/{campaign:uuid}"
    tags = ("Réponses",)

    @put(
        "/answers/{uai:str}",
        guards=[decides(Role.CHEF_ETABLISSEMENT)],
        responses={200: ResponseSpec(Receipt, description="Correction"), 201: ResponseSpec(Receipt)},
    )
    async def answer(
        self,
        *,
        campaign: FromPath[UUID],
        uai: FromPath[Uai],
        data: JSONBody[AnswerWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        if_match: IfMatch = None,
    ) -> Response[bytes]:
        """Répondre pour son établissement, ou corriger sa réponse (avec If-Match) jusqu’à la date limite."""
        async with db.transaction(agent) as tx:
            judged = await store.lock_answer(tx, campaign, uai, data.persons)
            declaration, answered = judge(agent, judged, data.persons, if_match, at=tx.at)
            await store.record(tx, judged.school.campaign.academie, answered, declaration, by=agent.id)
            status = 200 if judged.school.revision else 201
            return tx.answer(Receipt.of(answered), status=status, etag=f'"{answered.revision}"')

    @get("/answers/{uai:str}", guards=[reads(Role.CHEF_ETABLISSEMENT, *OFFICE)], responses=refuses(409))
    async def one(
        self,
        *,
        campaign: FromPath[UUID],
        uai: FromPath[Uai],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        revision: Version = None,
    ) -> Response[AnswerView]:
        """Lire la réponse d’un établissement, la dernière ou une version antérieure."""
        async with db.transaction(agent) as tx:
            found = await views.answer(tx, campaign, uai, revision)
        if not agent.holds(Role.CHEF_ETABLISSEMENT, academie=found.academie, uai=uai):
            agent.require(*OFFICE, academie=found.academie)
        return Response(found, headers={"ETag": found.etag})

    @get("/answers", guards=[reads(*OFFICE)])
    async def list(
        self,
        *,
        campaign: FromPath[UUID],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        request: Request[Agent, None, State],
        answered: FromQuery[bool | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response[Page[AnswerSummary]]:
        """Lister les établissements interrogés : réponses reçues, relances, silences (`answered=false`)."""
        (after,) = read_cursor(cursor, Uai) or (None,)
        async with db.transaction(agent) as tx:
            asked = await census.campaign(tx, campaign)
            agent.require(*OFFICE, academie=asked.academie)
            day = asked.counted_on(tx.at)
            found = await views.answers(tx, campaign, answered=answered, day=day, after=after, limit=limit)
        return paged(found, limit, lambda each: (each.uai,), request)

    @get("/names.csv", guards=[reads(*OFFICE)], media_type="text/csv")
    async def names(
        self,
        *,
        campaign: FromPath[UUID],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        profil: ProfilDemande = Profil.FRANCAIS,
    ) -> Stream:
        """Télécharger la liste des personnes déclarées ; le téléchargement est tracé."""
        async with db.transaction(agent) as tx:
            asked = await census.campaign(tx, campaign)
            agent.require(*OFFICE, academie=asked.academie)
            found = await views.names(tx, campaign, day=asked.counted_on(tx.at))
            audit.record(tx, asked.academie, "names-exported", campaign, detail={"persons": len(found)})
        return csv_answer(f"recensement-{campaign}.csv", HEADER, [row_of(each) for each in found], profil)
