"""The animateurs of a bassin over HTTP, for the office and for those who convene there."""

from collections.abc import Sequence
from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from common.db import Database
from common.identifiers import CodeBassin
from common.identity import Agent, Role, reads
from hr_networks.animateurs import views
from hr_networks.animateurs.views import AnimateurView
from hr_networks.meetings.domain import NotConvener
from hr_networks.roles import CONVENERS, OFFICE


class AnimateursController(Controller):
    path = "/v1/hr-networks/bassins/{bassin:str}/animateurs"
    tags = ("Réseaux",)

    @get("/", guards=[reads(*OFFICE, *CONVENERS)])
    async def list(
        self,
        bassin: FromPath[CodeBassin],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        offer: FromQuery[UUID | None] = None,
    ) -> Sequence[AnimateurView]:
        """Lister les animateurs formés d’un bassin, et les jours entre lesquels ils peuvent réunir."""
        async with db.transaction(agent) as tx:
            if not (looks_in(agent, bassin) or await views.convenes(tx, bassin, agent.id)):
                raise NotConvener
            return await views.animateurs(tx, bassin, offer)


def looks_in(agent: Agent, bassin: CodeBassin) -> bool:
    """By a mandate: the office in all bassins of its académie, a bassin role in its own."""
    office = any(agent.holds(role, academie=bassin.academie) for role in OFFICE)
    return office or agent.holds(Role.ANIMATEUR_BASSIN, academie=bassin.academie, bassin=bassin)
