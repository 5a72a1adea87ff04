"""training: who goes, given avis and quotas; it begins by listening to whom the schools have named."""

from common.contracts.training import CONTRACT
from common.service import Service
from common.web import Description
from training.sizing.api import SizingController
from training.sizing.personal import PERSONAL
from training.sizing.projections import censuses, territory

SERVICE = Service(
    contract=CONTRACT,
    description=Description(
        title="Bassin – formation",
        text="Dimensionner une offre de formation d’après les personnes que les établissements ont identifiées.",
        tags={"Dimensionnement": "Personnes identifiées et places à prévoir, par bassin"},
    ),
    controllers=[SizingController],
    projections=[censuses, territory],
    people=PERSONAL,
)
