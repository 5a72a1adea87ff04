"""Coverage over HTTP: the office sees all bassins of its académie, the animateur of a bassin his own."""

from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from common.clock import today_in
from common.db import Database
from common.identity import Agent, Role, reads
from hr_networks.completeness.api import bassins_read_by
from hr_networks.coverage import views
from hr_networks.coverage.views import OfferCoverage
from hr_networks.roles import OFFICE


class CoverageController(Controller):
    path = "/v1/hr-networks/offers/{offer:uuid}/bassins"
    tags = ("Réunions",)

    @get("/", guards=[reads(*OFFICE, Role.ANIMATEUR_BASSIN)])
    async def coverage(
        self, offer: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> OfferCoverage:
        """Lire quels bassins ont leur réunion entre les modules d’une offre, et lesquels n’en ont pas encore."""
        async with db.transaction(agent) as tx:
            read = await views.offer(tx, offer)
            bassins = bassins_read_by(agent, read.academie)
            today = today_in(read.academie, tx.at)
            return await views.coverage(tx, offer, read, today=today, bassins=bassins)
