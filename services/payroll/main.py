"""payroll: into which pay month an element falls, and whether it is complete."""

from common.contracts.payroll import CONTRACT
from common.service import Service
from common.web import Description
from payroll.campaigns.api import CampaignsController
from payroll.elements.api import ElementsController, OwnElementsController
from payroll.elements.figures import FIGURES as OF_ELEMENTS
from payroll.elements.jobs import jobs as of_elements
from payroll.expenses.api import MissionsController
from payroll.expenses.reactions import reactions
from payroll.exports.api import ColumnsController, ExportsController
from payroll.exports.jobs import jobs as of_exports
from payroll.places.api import PlacesController
from payroll.places.projections import schools
from payroll.rates.api import RatesController
from payroll.rules.api import RulesController
from payroll.travellers.api import TravellersController
from payroll.travellers.personal import PERSONAL
from payroll.travellers.projections import links, people

SERVICE = Service(
    contract=CONTRACT,
    description=Description(
        title="Bassin – paye",
        text="Préparer les éléments variables de paye nés des missions de formation, les contrôler et les transmettre.",
        tags={
            "Campagnes": "Le calendrier de la paye : ouverture, date limite, paiement",
            "Éléments": "Ce qui est dû, ce qui est retenu et pourquoi",
            "Transmissions": "Le fichier d’une campagne, ses colonnes, et ce qui en revient",
            "Personnes en mission": "Résidence et véhicule, à partir d’un jour",
            "Distances et communes limitrophes": "Ce qu’aucune source ne donne et que la coordination renseigne",
            "Règles et taux": "Plages horaires, plafond, taux datés et leurs corrections",
        },
    ),
    controllers=[
        CampaignsController,
        MissionsController,
        ElementsController,
        OwnElementsController,
        ExportsController,
        ColumnsController,
        TravellersController,
        PlacesController,
        RatesController,
        RulesController,
    ],
    projections=[schools, people, links],
    reactions=reactions,
    jobs=[of_elements, of_exports],
    figures=OF_ELEMENTS,
    people=PERSONAL,
)
