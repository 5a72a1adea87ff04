"""The French mail that calls somebody from a waiting list."""

from datetime import date
from uuid import UUID

from msgspec import Struct

from common.mail import API, Mail


class Call(Struct, frozen=True, kw_only=True):
    """A place proposed to somebody, as a mail needs it."""

    academie: str
    candidature: UUID
    title: str
    accept_by: date
    work_mail: str


def call(called: Call) -> Mail:
    route = f"{API}/v1/training/candidatures/{called.candidature}"
    return Mail(
        to=called.work_mail,
        subject=f"Une place vous est proposée : {called.title}"[:250],
        text=f"""\
Madame, Monsieur,

Une place s’est libérée dans votre bassin pour la formation « {called.title} ». Elle vous est proposée, au premier
rang de la liste d’attente, jusqu’au {called.accept_by:%d/%m/%Y} inclus ; elle ira ensuite à la personne suivante.

L’accepter : POST {route}/acceptance
La refuser : POST {route}/refusal
""",
        kind="promotion",
        key=f"{called.candidature}/promotion",
    )
