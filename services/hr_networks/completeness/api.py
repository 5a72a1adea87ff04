"""Completeness over HTTP: the office sees all bassins, the animateur of a bassin his own."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct

from common.db import Database
from common.identifiers import CodeAcademie, CodeBassin
from common.identity import Agent, Role, reads
from hr_networks.census import views as census
from hr_networks.census.domain import Status
from hr_networks.completeness import views
from hr_networks.completeness.domain import BassinFigures, Figures, by_bassin, count
from hr_networks.roles import OFFICE


class Completeness(Struct, frozen=True, kw_only=True):
    """Qui a répondu, par bassin et en tout : à ce jour, ou à la clôture."""

    campaign: UUID
    frozen: bool
    on: date  # the day whose memberships count
    bassins: Sequence[BassinFigures]
    total: Figures  # a person named in two bassins is counted once here


class CompletenessController(Controller):
    path = "/v1/hr-networks/campaigns/{campaign:uuid}/completeness"
    tags = ("Complétude",)

    @get("/", guards=[reads(*OFFICE, Role.ANIMATEUR_BASSIN)])
    async def completeness(
        self, campaign: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Completeness:
        """Lire la part des établissements qui ont répondu ; un animateur lit celle de son bassin."""
        async with db.transaction(agent) as tx:
            asked = await census.campaign(tx, campaign)
            bassins = bassins_read_by(agent, asked.academie)
            frozen = asked.status is Status.CLOSED
            day = asked.counted_on(tx.at)
            found = await views.standings(tx, asked.academie, campaign, frozen=frozen, day=day)
        seen = views.within(found, bassins)
        return Completeness(campaign=campaign, frozen=frozen, on=day, bassins=by_bassin(seen), total=count(seen))


def bassins_read_by(agent: Agent, academie: CodeAcademie) -> frozenset[CodeBassin] | None:
    """None: all of them."""
    if any(agent.holds(role, academie=academie) for role in OFFICE):
        return None
    mine = frozenset(m.bassin for m in agent.mandates if m.academie == academie and m.role is Role.ANIMATEUR_BASSIN)
    if not mine:
        agent.require(*OFFICE, academie=academie)
    return frozenset(bassin for bassin in mine if bassin is not None)
