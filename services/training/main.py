"""training: who goes, given avis and quotas, and what it entails; it knows from a census whom to train."""

from common.contracts.training import CONTRACT
from common.service import Service
from common.web import Description
from training.avis.api import AvisController, ManyAvisController
from training.candidatures.api import (
    CandidatureController,
    OfferCandidaturesController,
    OwnCandidaturesController,
    SchoolCandidaturesController,
)
from training.linked.projections import linked
from training.offers.api import OffersController
from training.personal import PERSONAL
from training.promotions.api import PromotionController
from training.promotions.jobs import jobs
from training.quotas.api import QuotasController
from training.selection.api import BassinsController
from training.sizing.api import SizingController
from training.sizing.projections import censuses, territory

SERVICE = Service(
    contract=CONTRACT,
    description=Description(
        title="Bassin – formation",
        text="Une offre de formation, de son dimensionnement à la reconnaissance des compétences acquises.",
        tags={
            "Dimensionnement": "Personnes identifiées et places à prévoir, par bassin",
            "Offres": "Préparer, publier et renouveler une offre, ses modules et ses groupes",
            "Candidatures": "Candidater, choisir ses groupes, se retirer",
            "Avis": "L’avis circonstancié du chef d’établissement, et les candidatures restées sans avis",
            "Sélection": "Qui part, bassin par bassin ; la liste d’attente et les appels",
        },
    ),
    controllers=[
        SizingController,
        OffersController,
        QuotasController,
        OfferCandidaturesController,
        CandidatureController,
        OwnCandidaturesController,
        SchoolCandidaturesController,
        AvisController,
        ManyAvisController,
        BassinsController,
        PromotionController,
    ],
    projections=[censuses, territory, linked],
    jobs=jobs,
    people=PERSONAL,
)
