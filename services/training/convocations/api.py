"""Convocations over HTTP: all secretaries of a bassin to a meeting, all those retained to their group, in one go."""

from collections.abc import Mapping
from uuid import UUID

from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from common.db import Database
from common.identity import Agent, decides
from training.convocations import store
from training.convocations.documents import meeting_drafts, session_drafts
from training.convocations.domain import Withholding, convene_group, convene_secretaries, unnamed
from training.meetings import store as meetings
from training.papers.domain import Kind
from training.papers.receipts import IssuedPapers
from training.papers.store import new_ids, record
from training.roles import OFFICE


def said(withheld: Mapping[UUID, Withholding]) -> dict[UUID, tuple[str, str]]:
    return {person: (why.value, why.label) for person, why in withheld.items()}


class MeetingConvocationsController(Controller):
    path = "/v1/training/meetings/{meeting:uuid}/convocations"
    tags = ("Convocations",)

    @post("/", guards=[decides(*OFFICE)], status_code=200, responses={200: ResponseSpec(IssuedPapers)})
    async def convene(
        self, meeting: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[bytes]:
        """Convier à une réunion toutes les personnes recensées du bassin ; qui l’est déjà ne l’est pas deux fois."""
        async with db.transaction(agent) as tx:
            sheet = await meetings.hold(tx, meeting, Kind.CONVOCATION)
            agent.require(*OFFICE, academie=sheet.meeting.academie)
            events = convene_secretaries(sheet, new_ids(), at=tx.at)
            numbers = await record(tx, sheet.counter, meeting_drafts(sheet, events), events)
            return tx.answer(IssuedPapers.of(events, numbers, sheet.in_force, said(unnamed(sheet))))


class SessionConvocationsController(Controller):
    path = "/v1/training/sessions/{session:uuid}/convocations"
    tags = ("Convocations",)

    @post("/", guards=[decides(*OFFICE)], status_code=200, responses={200: ResponseSpec(IssuedPapers)})
    async def convene(
        self, session: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[bytes]:
        """Convoquer à un groupe d’un module les personnes retenues qui ont suivi ce qu’il requiert."""
        async with db.transaction(agent) as tx:
            sheet = await store.hold(tx, session)
            agent.require(*OFFICE, academie=sheet.academie)
            convening = convene_group(sheet, new_ids(), today=sheet.counter.today)
            drafts = session_drafts(sheet, convening.events)
            numbers = await record(tx, sheet.counter, drafts, convening.events, passing=convening.passing)
            return tx.answer(IssuedPapers.of(convening.events, numbers, sheet.in_force, said(convening.withheld)))
