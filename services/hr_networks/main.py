"""hr_networks: who in a bassin can animate, help or welcome whom; it begins with a census."""

from common.contracts.hr_networks import CONTRACT, PersonState
from common.service import Service
from common.web import Description
from hr_networks.animateurs.api import AnimateursController
from hr_networks.animateurs.projections import animateurs, offers
from hr_networks.answers.api import AnswersController
from hr_networks.attendance.api import AttendanceController
from hr_networks.attendance.projections import autorisations
from hr_networks.calendar.api import CalendarController
from hr_networks.census.api import CampaignsController, SchoolCampaignsController
from hr_networks.census.figures import FIGURES as OF_CENSUSES
from hr_networks.census.jobs import jobs as of_censuses
from hr_networks.completeness.api import CompletenessController
from hr_networks.coverage.api import CoverageController
from hr_networks.links.api import OwnLinkController, PersonLinkController
from hr_networks.mails.api import MailsController
from hr_networks.meetings.api import MeetingsController
from hr_networks.meetings.figures import FIGURES as OF_MEETINGS
from hr_networks.meetings.jobs import jobs as of_meetings
from hr_networks.networks.api import ChartersController, NetworksController
from hr_networks.people.jobs import jobs as of_people
from hr_networks.people.personal import PERSONAL, states
from hr_networks.reminders.jobs import jobs as of_reminders
from hr_networks.schools.projections import bassins, schools

SERVICE = Service(
    contract=CONTRACT,
    description=Description(
        title="Bassin – réseaux de ressources humaines",
        text="Recenser, par bassin, les personnels qui exercent une fonction, et les mettre en réseau.",
        tags={
            "Recensements": "Ouvrir, suivre et clore un recensement",
            "Réponses": "Répondre pour un établissement ; lire les réponses",
            "Complétude": "Qui a répondu, par bassin et en tout",
            "Rattachements": "Quel compte est quelle personne",
            "Réseaux": "La charte, les réseaux activés par bassin, leurs animateurs",
            "Réunions": "Planifier, déplacer, annuler et émarger les réunions d’échange de pratiques",
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
        ChartersController,
        NetworksController,
        AnimateursController,
        MeetingsController,
        AttendanceController,
        CoverageController,
        CalendarController,
        MailsController,
    ],
    projections=[schools, bassins, offers, animateurs, autorisations],
    jobs=[of_censuses, of_reminders, of_people, of_meetings],
    figures=[*OF_CENSUSES, *OF_MEETINGS],
    people=PERSONAL,
    states={PersonState: states},
)
