"""The French mails about an avis: the demand, and the reminder while none came."""

from datetime import date
from uuid import UUID

from msgspec import Struct

from common.mail import API, Mail


class Demand(Struct, frozen=True, kw_only=True):
    """One candidature on which a school's avis is waited for, as a mail needs it."""

    academie: str
    candidature: UUID
    title: str
    deadline: date
    uai: str
    school: str
    mail: str


def demand(asked: Demand) -> Mail:
    return Mail(
        to=asked.mail,
        subject=f"Avis demandé pour le {asked.deadline:%d/%m/%Y} : {asked.title}"[:250],
        text=f"{request(asked)}\n",
        kind="avis-demand",
        key=f"{asked.candidature}/avis-demand",
    )


def reminder(asked: Demand, *, days_before: int) -> Mail:
    return Mail(
        to=asked.mail,
        subject=f"Rappel : avis demandé pour le {asked.deadline:%d/%m/%Y} : {asked.title}"[:250],
        text=f"Sauf erreur, votre avis n’a pas encore été donné.\n\n{request(asked)}\n",
        kind="avis-reminder",
        key=f"{asked.candidature}/avis-reminder/{days_before}",
    )


def request(asked: Demand) -> str:
    return f"""\
Madame la cheffe d’établissement, Monsieur le chef d’établissement,

Un agent de votre établissement, {asked.school} ({asked.uai}), est candidat à la formation
« {asked.title} ».

Votre avis circonstancié est demandé jusqu’au {asked.deadline:%d/%m/%Y} inclus. Il porte sur ses compétences
professionnelles, sur ses capacités à animer et organiser des échanges, et sur la compatibilité de cet engagement
avec les nécessités du service.

Les candidatures qui attendent votre avis : GET {API}/v1/training/schools/{asked.uai}/candidatures
Donner cet avis : PUT {API}/v1/training/candidatures/{asked.candidature}/avis
En donner plusieurs à la fois : POST {API}/v1/training/avis

Sans réponse à cette date, le service de formation décidera de la suite de la candidature : votre silence ne vaudra
ni avis favorable, ni avis défavorable."""
