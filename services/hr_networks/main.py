"""hr_networks: who in a bassin can animate, help or welcome whom; it begins with a census."""

from common.contracts.hr_networks import CONTRACT, PersonState
from common.service import Service
from common.web import Description
from hr_networks.answers.api import AnswersController
from hr_networks.census.api import CampaignsController, SchoolCampaignsController
from hr_networks.completeness.api import CompletenessController
from hr_networks.links.api import OwnLinkController, PersonLinkController
from hr_networks.mails.api import MailsController
from hr_networks.people.jobs import jobs
from hr_networks.people.personal import PERSONAL, states
from hr_networks.schools.projections import bassins, schools

SERVICE = Service(
    contract=CONTRACT,
    description=Description(
        title="Bassin – réseaux de ressources humaines",
        text="Recenser, par bassin, les personnels qui exercent une fonction dans les EPLE de l’académie.",
        tags={
            "Recensements": "Ouvrir, suivre et clore un recensement",
            "Réponses": "Répondre pour un établissement ; lire les réponses",
            "Complétude": "Qui a répondu, par bassin et en tout",
            "Rattachements": "Quel compte est quelle personne",
            "Courriels": "Ce qui est parti, ce qui attend, ce qui est refusé",
        },
    ),
    controllers=[
        CampaignsController,
        SchoolCampaignsController,
        AnswersController,
        CompletenessController,
        OwnLinkController,
        PersonLinkController,
        MailsController,
    ],
    projections=[schools, bassins],
    jobs=jobs,
    people=PERSONAL,
    states={PersonState: states},
)
