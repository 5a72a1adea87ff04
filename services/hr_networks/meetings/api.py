"""Meetings over HTTP: the animateurs of a bassin plan, move and cancel them; the académie's agents read them."""

from datetime import date
from uuid import UUID

from litestar import Controller, Request, Response, get, patch, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from common.clock import zone_of
from common.db import Database
from common.identifiers import CodeAcademie, CodeBassin
from common.identity import Agent, convenes, reads
from common.pagination import Cursor, Limit, Page, paged, read_cursor
from common.protocol import IfMatch, require_match
from common.texts import Line
from common.uuid7 import uuid7
from hr_networks.meetings import store, views
from hr_networks.meetings.domain import (
    ChangeWish,
    MeetingWish,
    Status,
    cancel,
    move,
    plan,
    refuse_stranger,
)
from hr_networks.meetings.views import Filter, MeetingSummary, MeetingView
from hr_networks.roles import CONVENERS, NETWORK


class Planned(Struct, frozen=True, kw_only=True):
    """La réunion telle qu’elle vient d’être planifiée ou déplacée."""

    id: UUID
    revision: int


class CancellationWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Line


class MeetingsController(Controller):
    path = "/v1/hr-networks/meetings"
    tags = ("Réunions",)

    @post("/", guards=[convenes(*CONVENERS)], status_code=201, responses={201: ResponseSpec(Planned)})
    async def plan(
        self, data: JSONBody[MeetingWish], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[bytes]:
        """Planifier une réunion d’échange de pratiques de son bassin, entre les deux modules d’une offre."""
        academie = data.bassin.academie
        async with db.transaction(agent) as tx:
            frame, convener = await store.frame(tx, data, agent)
            refuse_stranger(convener, frame.trained)
            planned = plan(uuid7(), data, frame, zone=zone_of(academie), at=tx.at)
            await store.record_plan(tx, academie, planned, network=frame.network, by=agent.id)
            answer, place = Planned(id=planned.subject, revision=1), f"{self.path}/{planned.subject}"
            return tx.answer(answer, status=201, location=place, etag='"1"')

    @get("/", guards=[reads(*NETWORK)])
    async def list(
        self,
        *,
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        request: Request[Agent, None, State],
        academie: FromQuery[CodeAcademie | None] = None,
        bassin: FromQuery[CodeBassin | None] = None,
        offer: FromQuery[UUID | None] = None,
        status: FromQuery[Status | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response[Page[MeetingSummary]]:
        """Lister les réunions de ses académies, dans l’ordre de leurs dates."""
        asked = Filter(academie=academie, bassin=bassin, offer=offer, status=status)
        after = read_cursor(cursor, date, UUID)
        async with db.transaction(agent) as tx:
            found = await views.meetings(tx, asked, None if after is None else (after[0], after[1]), limit)
        return paged(found, limit, lambda each: (each.day, each.id), request)

    @get("/{meeting:uuid}", guards=[reads(*NETWORK)])
    async def one(
        self, meeting: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[MeetingView]:
        """Lire une réunion et qui l’anime."""
        async with db.transaction(agent) as tx:
            found = await views.meeting(tx, meeting)
        return Response(found, headers={"ETag": found.etag})

    @patch("/{meeting:uuid}", guards=[convenes(*CONVENERS)], responses={200: ResponseSpec(Planned)})
    async def move(
        self,
        *,
        meeting: FromPath[UUID],
        data: JSONBody[ChangeWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        if_match: IfMatch = None,
    ) -> Response[bytes]:
        """Changer l’horaire, le lieu ou les animateurs d’une réunion ; les personnes conviées en sont averties."""
        async with db.transaction(agent) as tx:
            judged = await store.lock(tx, meeting, agent)
            refuse_stranger(judged.convener, judged.frame.trained)
            require_match(if_match, f'"{judged.meeting.revision}"')
            zone = zone_of(judged.meeting.academie)
            moved = move(judged.meeting, data, judged.frame, zone=zone, at=tx.at)
            revision = await store.record_move(tx, judged.meeting, moved)
            return tx.answer(Planned(id=meeting, revision=revision), etag=f'"{revision}"')

    @post(
        "/{meeting:uuid}/cancellation",
        guards=[convenes(*CONVENERS)],
        status_code=200,
        responses={200: ResponseSpec(Planned)},
    )
    async def cancel(
        self,
        *,
        meeting: FromPath[UUID],
        data: JSONBody[CancellationWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """Annuler une réunion, avec un motif ; les personnes conviées en sont averties."""
        async with db.transaction(agent) as tx:
            judged = await store.lock(tx, meeting, agent)
            refuse_stranger(judged.convener, judged.frame.trained)
            cancelled = cancel(judged.meeting)
            await store.record_cancellation(tx, judged.meeting, cancelled, reason=data.reason)
            revision = judged.meeting.revision + 1
            return tx.answer(Planned(id=meeting, revision=revision), etag=f'"{revision}"')
