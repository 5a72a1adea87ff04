"""The French mails that tell somebody of a paper: where it is read, and where his agenda finds it."""

from uuid import UUID

from msgspec import Struct

from common.mail import API, Mail
from training.papers.domain import Kind

INTRODUCED = {
    Kind.ORDRE_DE_MISSION: "Un ordre de mission a été établi à votre nom.",
    Kind.CONVOCATION: "Vous êtes convoqué(e).",
    Kind.AUTORISATION: "Votre chef d’établissement a répondu au sujet de votre participation à une réunion.",
    Kind.ATTESTATION: "Une compétence que vous avez acquise a été reconnue.",
}


class Told(Struct, frozen=True, kw_only=True):
    """A paper that somebody is to be told of."""

    academie: str
    id: UUID
    kind: Kind
    number: str
    title: str
    summary: str
    work_mail: str
    cancels: UUID | None
    replaces: bool  # a former one, which it makes void


def letter(told: Told) -> Mail:
    return Mail(
        to=told.work_mail,
        subject=f"{told.title} n° {told.number}"[:250],
        text=f"Madame, Monsieur,\n\n{body(told)}\n\nLe document : {route(told)}/pdf\n{agenda(told)}",
        kind="paper",
        key=f"{told.id}/told",
    )


def body(told: Told) -> str:
    about = f"\n{told.summary}" if told.summary else ""
    if told.cancels is not None:
        return f"Le document désigné ci-dessous est annulé. Il ne produit plus d’effet.{about}"
    replaced = " Ce document remplace celui que vous aviez reçu." if told.replaces else ""
    return f"{INTRODUCED[told.kind]}{replaced}{about}"


def agenda(told: Told) -> str:
    return f"Pour votre agenda : {route(told)}/convocation.ics\n" if told.kind is Kind.CONVOCATION else ""


def route(told: Told) -> str:
    return f"{API}/v1/training/papers/{told.id}"
