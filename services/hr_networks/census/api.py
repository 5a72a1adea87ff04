"""Campaigns over HTTP: the académie's office opens them, moves their deadline and closes them."""

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
from common.identifiers import CodeAcademie, Uai
from common.identity import Agent, Role, decides, reads
from common.pagination import Cursor, Limit, Page, paged, read_cursor
from common.protocol import IfMatch, require_match
from common.uuid7 import uuid7
from hr_networks.census import store, views
from hr_networks.census.domain import (
    CampaignWish,
    Line,
    Status,
    counted_on,
    local_day,
    move_deadline,
    open_census,
    training_division,
)
from hr_networks.census.views import CampaignSummary, CampaignView, Filter, SchoolCampaign
from hr_networks.roles import OFFICE, READERS


class Opening(Struct, frozen=True, kw_only=True):
    """Le recensement qui vient d’être ouvert."""

    id: UUID
    academie: CodeAcademie
    deadline: date
    addressed: int  # EPLE asked; each is written to within a minute
    revision: int


class DeadlineWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    deadline: date


class MovedDeadline(Struct, frozen=True, kw_only=True):
    """La nouvelle date limite d’un recensement."""

    id: UUID
    deadline: date
    revision: int


class ClosingWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Line


class Closing(Struct, frozen=True, kw_only=True):
    """Les chiffres définitifs d’un recensement clos."""

    id: UUID
    addressed: int
    answered: int
    identified: int


class CampaignsController(Controller):
    path = "/v1/hr-networks/campaigns"
    tags = ("Recensements",)

    @post("/", guards=[decides(*OFFICE)], status_code=201, responses={201: ResponseSpec(Opening)})
    async def open(
        self, data: JSONBody[CampaignWish], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[bytes]:
        """Ouvrir un recensement auprès de tous les EPLE de l’académie."""
        agent.require(*OFFICE, academie=data.academie)
        async with db.transaction(agent) as tx:
            today = local_day(tx.at, zone_of(data.academie))
            schools = await store.schools(tx, data.academie)
            events = open_census(uuid7(), data, schools, today=today)
            service = data.service or training_division(today)
            opened = await store.record_opening(tx, data, events, service=service, by=agent.id)
            answer = Opening(
                id=opened, academie=data.academie, deadline=data.deadline, addressed=len(events) - 1, revision=1
            )
            return tx.answer(answer, status=201, location=f"{self.path}/{opened}", etag='"1"')

    @get("/", guards=[reads(*READERS)])
    async def list(
        self,
        *,
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        request: Request[Agent, None, State],
        academie: FromQuery[CodeAcademie | None] = None,
        status: FromQuery[Status | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response[Page[CampaignSummary]]:
        """Lister les recensements de ses académies, du plus récent au plus ancien."""
        (after,) = read_cursor(cursor, UUID) or (None,)
        async with db.transaction(agent) as tx:
            found = await views.campaigns(tx, Filter(academie=academie, status=status), after, limit)
        return paged(found, limit, lambda each: (each.id,), request)

    @get("/{campaign:uuid}", guards=[reads(*READERS)])
    async def one(
        self, campaign: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[CampaignView]:
        """Lire un recensement et sa lettre."""
        async with db.transaction(agent) as tx:
            found = await views.campaign(tx, campaign)
        return Response(found, headers={"ETag": found.etag})

    @patch("/{campaign:uuid}", guards=[decides(*OFFICE)], responses={200: ResponseSpec(MovedDeadline)})
    async def move(
        self,
        *,
        campaign: FromPath[UUID],
        data: JSONBody[DeadlineWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        if_match: IfMatch = None,
    ) -> Response[bytes]:
        """Reporter ou avancer la date limite."""
        async with db.transaction(agent) as tx:
            locked = await store.lock_campaign(tx, campaign)
            agent.require(*OFFICE, academie=locked.academie)
            require_match(if_match, f'"{locked.revision}"')
            moved = move_deadline(locked, data.deadline, today=local_day(tx.at, zone_of(locked.academie)))
            revision = await store.record_deadline(tx, locked, moved)
            answer = MovedDeadline(id=campaign, deadline=moved.deadline, revision=revision)
            return tx.answer(answer, etag=f'"{revision}"')

    @post(
        "/{campaign:uuid}/closing", guards=[decides(*OFFICE)], status_code=200, responses={200: ResponseSpec(Closing)}
    )
    async def close(
        self,
        *,
        campaign: FromPath[UUID],
        data: JSONBody[ClosingWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """Clore un recensement avant sa date limite, avec un motif ; ses chiffres sont alors figés."""
        async with db.transaction(agent) as tx:
            locked = await store.lock_campaign(tx, campaign)
            agent.require(*OFFICE, academie=locked.academie)
            day = counted_on(locked.deadline, today=local_day(tx.at, zone_of(locked.academie)))
            final = await store.freeze(tx, locked, day=day, by=agent.id, reason=data.reason)
            await store.record_closing(tx, locked, final, reason=data.reason)
            figures = {"addressed": final.addressed, "answered": final.answered, "identified": final.identified}
            return tx.answer(Closing(id=campaign, **figures))


class SchoolCampaignsController(Controller):
    path = "/v1/hr-networks/schools/{uai:str}/campaigns"
    tags = ("Recensements",)

    @get("/", guards=[reads(Role.CHEF_ETABLISSEMENT, *OFFICE)])
    async def list(
        self, uai: FromPath[Uai], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> list[SchoolCampaign]:
        """Lister les recensements adressés à un établissement, avec l’adresse où y répondre."""
        async with db.transaction(agent) as tx:
            found = await views.campaigns_of(tx, uai)
        return [each for each in found if may_read(agent, each)]


def may_read(agent: Agent, campaign: SchoolCampaign) -> bool:
    heads = agent.holds(Role.CHEF_ETABLISSEMENT, academie=campaign.academie, uai=campaign.uai)
    return heads or any(agent.holds(role, academie=campaign.academie) for role in OFFICE)
