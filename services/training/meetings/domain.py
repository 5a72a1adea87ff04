"""A meeting of a bassin as its papers need it, with all that was issued about it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from common.contracts.training import HalfDay
from common.identifiers import CodeAcademie, CodeBassin, CommuneInsee
from common.refusal import Refusal
from training.papers.domain import Counter, Given, Occasion, Recipient, Slot


class MeetingOver(Refusal):
    code = "meeting-over"
    title = "Réunion annulée ou déjà tenue"
    explanation = "Aucun document ne s’établit pour une réunion annulée, tenue ou déjà commencée."


class Status(StrEnum):
    PLANNED = "planned"
    CANCELLED = "cancelled"
    HELD = "held"


class Meeting(Struct, frozen=True, kw_only=True):
    id: UUID
    academie: CodeAcademie
    offer: UUID
    function: str
    bassin: CodeBassin
    bassin_name: str
    starts_at: datetime
    ends_at: datetime
    half_days: tuple[HalfDay, ...]
    place: str
    commune: CommuneInsee
    animateurs: tuple[UUID, ...]
    status: Status

    @property
    def summary(self) -> str:
        return f"Réunion d’échange de pratiques – bassin {self.bassin_name or self.bassin}"

    @property
    def occasion(self) -> Occasion:
        slots = (Slot(self.starts_at, self.ends_at),)
        return Occasion(summary=self.summary, place=self.place, commune=self.commune, slots=slots)


class Animateur(Struct, frozen=True, kw_only=True):
    """Whom the meeting names, and what made him an animateur."""

    recipient: Recipient
    candidature: UUID | None
    avis: UUID | None


class Sheet(Struct, frozen=True, kw_only=True):
    """A meeting and one kind of its papers, whose counter is held."""

    meeting: Meeting
    counter: Counter
    papers: tuple[Given, ...]
    animateurs: tuple[Animateur, ...] | None = None  # for ordres de mission
    secretaries: tuple[Recipient, ...] | None = None  # for the others

    def paper_of(self, person: UUID) -> Given | None:
        return next((each for each in self.papers if each.person == person), None)

    @property
    def in_force(self) -> list[Given]:
        return [each for each in self.papers if each.in_force]


def refuse_over(meeting: Meeting, *, at: datetime) -> None:
    if meeting.status is not Status.PLANNED or meeting.starts_at <= at:
        raise MeetingOver


def tells_otherwise(paper: Given, meeting: Meeting) -> bool:
    """It names another time or place than the meeting has; one that was erased tells nothing."""
    return paper.text is not None and paper.text.occasion != meeting.occasion
