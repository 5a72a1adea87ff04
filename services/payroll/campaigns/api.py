"""Pay campaigns over HTTP: the coordination fixes, moves and locks the months; everybody may read the calendar."""

from typing import TypeAlias
from uuid import UUID

from litestar import Controller, Request, Response, get, patch, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from common.clock import today_in
from common.db import Database
from common.identifiers import CodeAcademie
from common.identity import Agent, decides, reads
from common.pagination import Cursor, Limit, Page, paged, read_cursor
from common.protocol import IfMatch, require_match
from common.uuid7 import uuid7
from payroll.campaigns import store, views
from payroll.campaigns.domain import CampaignWish, MoveWish, lock, move, schedule
from payroll.campaigns.views import CampaignView, Content
from payroll.roles import COORDINATION, EVERYONE, coordinated

Asked: TypeAlias = Request[Agent, None, State]


class Lock(Struct, frozen=True, kw_only=True):
    """La campagne verrouillée."""

    id: UUID
    month: str
    revision: int


class CampaignsController(Controller):
    path = "/v1/payroll/campaigns"
    tags = ("Campagnes",)

    @post("/", guards=[decides(COORDINATION)], status_code=201, responses={201: ResponseSpec(CampaignView)})
    async def schedule(
        self, data: JSONBody[CampaignWish], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[bytes]:
        """Créer la campagne d’un mois de paye : ouverture, date limite, paiement."""
        agent.require(COORDINATION, academie=data.academie)
        async with db.transaction(agent) as tx:
            others = await store.of_academie(tx, data.academie)
            scheduled = schedule(uuid7(), data, others, today=today_in(data.academie, tx.at))
            await store.record_scheduling(tx, data.academie, scheduled)
            created = CampaignView.of(data.academie, scheduled, revision=1)
            return tx.answer(created, status=201, location=f"{self.path}/{created.id}", etag=created.etag)

    @get("/", guards=[reads(*EVERYONE)])
    async def list(
        self,
        *,
        request: Asked,
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        academie: FromQuery[CodeAcademie | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response[Page[CampaignView]]:
        """Lire le calendrier de la paye de ses académies, mois par mois."""
        after = read_cursor(cursor, str, UUID)
        async with db.transaction(agent) as tx:
            found = await views.campaigns(tx, academie, None if after is None else (after[0], after[1]), limit + 1)
        return paged(found, limit, lambda each: (each.month, each.id), request)

    @get("/{campaign:uuid}", guards=[reads(*EVERYONE)])
    async def one(
        self, campaign: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[CampaignView]:
        """Lire une campagne de paye."""
        async with db.transaction(agent) as tx:
            found = await views.campaign(tx, campaign)
        return Response(found, headers={"ETag": found.etag})

    @get("/{campaign:uuid}/content", guards=[reads(COORDINATION)])
    async def content(
        self, campaign: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Content:
        """Compter ce que contient une campagne : éléments, montant, retards, rejets."""
        async with db.transaction(agent) as tx:
            return await views.content(tx, coordinated(agent), campaign)

    @patch("/{campaign:uuid}", guards=[decides(COORDINATION)], responses={200: ResponseSpec(CampaignView)})
    async def move(
        self,
        *,
        campaign: FromPath[UUID],
        data: JSONBody[MoveWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        if_match: IfMatch = None,
    ) -> Response[bytes]:
        """Changer les dates d’une campagne, avec un motif."""
        async with db.transaction(agent) as tx:
            locked = await store.lock_campaign(tx, campaign)
            agent.require(COORDINATION, academie=CodeAcademie(locked.academie))
            require_match(if_match, f'"{locked.campaign.revision}"')
            moved = move(locked.campaign, data, locked.others, today=today_in(locked.academie, tx.at))
            revision = await store.record_move(tx, locked, moved, reason=data.reason)
            shown = CampaignView.of(locked.academie, moved, revision=revision)
            return tx.answer(shown, etag=shown.etag)

    @post(
        "/{campaign:uuid}/lock",
        guards=[decides(COORDINATION)],
        status_code=200,
        responses={200: ResponseSpec(Lock)},
    )
    async def lock(
        self, campaign: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[bytes]:
        """Verrouiller une campagne : plus rien n’y entre, elle peut être transmise."""
        async with db.transaction(agent) as tx:
            locked = await store.lock_campaign(tx, campaign)
            agent.require(COORDINATION, academie=CodeAcademie(locked.academie))
            revision = await store.record_lock(tx, locked, lock(locked.campaign), by=agent.id)
            return tx.answer(Lock(id=campaign, month=locked.campaign.month, revision=revision), etag=f'"{revision}"')
