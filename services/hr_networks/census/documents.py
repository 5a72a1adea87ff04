"""The French mails of a census: the letter that opens it and the reminder to a silent school."""

from datetime import date
from uuid import UUID

from msgspec import Struct

from common.mail import API, Mail

MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)


class Asked(Struct, frozen=True, kw_only=True):
    """One school that one campaign addresses, as a mail needs them."""

    academie: str
    campaign: UUID
    object: str
    function: str
    letter: str
    service: str
    signatory: str
    contact: str
    deadline: date
    uai: str
    name: str
    mail: str


def announcement(asked: Asked) -> Mail:
    return Mail(
        to=asked.mail,
        subject=f"{asked.object} – réponse pour le {in_words(asked.deadline)}"[:250],
        text=f"{request(asked)}\n\n{'-' * 60}\n\nObjet : {asked.object}\n\n{asked.letter}\n\n{asked.signatory}\n",
        kind="census-announcement",
        key=f"{asked.campaign}/{asked.uai}/announcement",
    )


def reminder(asked: Asked, *, today: date) -> Mail:
    return Mail(
        to=asked.mail,
        subject=f"Rappel : {asked.object} – réponse pour le {in_words(asked.deadline)}"[:250],
        text=f"Sauf erreur, votre établissement n’a pas encore répondu.\n\n{request(asked)}\n",
        kind="census-reminder",
        key=f"{asked.campaign}/{asked.uai}/reminder/{today}",
    )


def request(asked: Asked) -> str:
    route = f"{API}/v1/hr-networks/campaigns/{asked.campaign}/answers/{asked.uai}"
    return f"""\
Madame la cheffe d’établissement, Monsieur le chef d’établissement,

{asked.service} vous demande d’indiquer, pour le {in_words(asked.deadline)} inclus, qui exerce la fonction
« {asked.function} » dans votre établissement : {asked.name} ({asked.uai}).

Votre réponse, même s’il n’y a personne, se donne et se corrige jusqu’à cette date à l’adresse :
PUT {route}

Contact : {asked.contact}"""


def in_words(day: date) -> str:
    return f"{'1er' if day.day == 1 else day.day} {MONTHS[day.month - 1]} {day.year}"
