"""The French mail that communicates a bassin's calendar to the training office; it names no one."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from common.mail import API, Mail
from common.wording import span
from hr_networks.meetings.domain import Status


class Communicated(Struct, frozen=True, kw_only=True):
    """A meeting as the training office is told of it."""

    academie: str
    id: UUID
    office: str
    mail: str
    offer_title: str
    bassin: str
    bassin_name: str
    starts_at: datetime
    ends_at: datetime
    place: str
    status: Status
    sequence: int


def communication(told: Communicated) -> Mail:
    when = span(told.academie, told.starts_at, told.ends_at)
    return Mail(
        to=told.mail,
        subject=f"{heading(told)} – {told.bassin_name or told.bassin}, {when}"[:250],
        text=f"""\
À l’attention de : {told.office}

{heading(told)} – bassin {told.bassin_name} ({told.bassin})

Offre : {told.offer_title}
Date : {when}
Lieu : {told.place}

La réunion et ses animateurs : {API}/v1/hr-networks/meetings/{told.id}
Le calendrier public : {API}/calendrier?academie={told.academie}
""",
        kind="meeting-communicated",
        key=f"{told.id}/calendar/{told.sequence}",
    )


def heading(told: Communicated) -> str:
    if told.status is Status.CANCELLED:
        return "Réunion d’échange de pratiques annulée"
    return "Réunion d’échange de pratiques " + ("modifiée" if told.sequence else "planifiée")
