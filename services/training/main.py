"""training: who goes, given avis and quotas, and what it entails; it knows from a census whom to train."""

from common.contracts.training import CONTRACT
from common.service import Service
from common.web import Description
from training.attendance.api import SessionAttendanceController
from training.autorisations.api import AutorisationsController
from training.avis.api import AvisController, ManyAvisController
from training.avis.jobs import jobs as of_avis
from training.candidatures.api import (
    CandidatureController,
    OfferCandidaturesController,
    OwnCandidaturesController,
    SchoolCandidaturesController,
)
from training.candidatures.figures import FIGURES as OF_CANDIDATURES
from training.convocations.api import MeetingConvocationsController, SessionConvocationsController
from training.convocations.jobs import jobs as of_convocations
from training.linked.projections import linked
from training.meetings.projections import meetings
from training.meetings.reactions import reactions
from training.missions.api import MissionsController
from training.offers.api import OffersController
from training.papers.api import PapersController
from training.papers.figures import FIGURES as OF_PAPERS
from training.papers.jobs import jobs as of_papers
from training.people.projections import people
from training.personal import PERSONAL
from training.promotions.api import PromotionController
from training.promotions.jobs import jobs as of_promotions
from training.quotas.api import QuotasController
from training.recognition.api import OfferRecognitionsController, RecognitionController
from training.retention.api import RetentionsController
from training.selection.api import BassinsController
from training.sizing.api import SizingController
from training.sizing.projections import censuses, territory
from training.verification.api import VerificationController

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
            "Ordres de mission": "Envoyer en mission les animateurs d’une réunion",
            "Convocations": "Convier les personnes d’un bassin à une réunion, convoquer à une session",
            "Autorisations": "Les réponses des chefs d’établissement, et leur silence",
            "Documents": "Lire, télécharger, annuler et conserver les documents numérotés",
            "Émargement": "Qui est venu à une session, par demi-journée",
            "Reconnaissance": "Attester une compétence acquise, ou révoquer l’attestation",
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
        MissionsController,
        MeetingConvocationsController,
        SessionConvocationsController,
        AutorisationsController,
        PapersController,
        RetentionsController,
        SessionAttendanceController,
        OfferRecognitionsController,
        RecognitionController,
        VerificationController,
    ],
    projections=[censuses, territory, linked, people, meetings],
    reactions=reactions,
    jobs=[of_avis, of_promotions, of_papers, of_convocations],
    figures=[*OF_CANDIDATURES, *OF_PAPERS],
    people=PERSONAL,
)
