"""Papers: numbered without gap, printed once, cancelled by another one and never deleted."""

from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from msgspec import Struct

from common.contracts.training import ConvocationCancelled, OrdreDeMissionCancelled
from common.identifiers import CodeAcademie
from common.refusal import Forbidden, NotFound, Refusal

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: nothing that is read for something else
CODE_LENGTH = 16  # of 32 letters each: 80 bits
LOOK_ALIKE = str.maketrans("OIL", "011", "-  \u202f\u2011")


class UnknownPaper(NotFound):
    code = "unknown-paper"
    title = "Document introuvable"


class PaperErased(Refusal):
    code = "paper-erased"
    title = "Document effacé"
    status = 410
    explanation = (
        "La personne a demandé l’effacement de ses données et le délai légal de conservation est passé : il ne reste "
        "du document que son numéro, sa nature et sa date."
    )


class PaperAlreadyCancelled(Refusal):
    code = "paper-already-cancelled"
    title = "Document déjà annulé"


class CancelsItself(Refusal):
    code = "paper-is-a-cancellation"
    title = "Document d’annulation"
    explanation = "Un document qui en annule un autre ne s’annule pas : on établit un nouveau document."


class CancelledOtherwise(Refusal):
    code = "paper-cancelled-otherwise"
    title = "Document qui s’annule autrement"
    explanation = (
        "Une autorisation est remplacée par une nouvelle réponse du chef d’établissement ; une attestation se révoque "
        "depuis la candidature."
    )


class NotYourPaper(Forbidden):
    code = "not-your-paper"
    title = "Document d’un autre"
    explanation = (
        "Un document se lit par la personne qu’il concerne, par son chef d’établissement et par le service de "
        "formation de l’académie."
    )


class Kind(StrEnum):
    """The letters stand in the number."""

    ORDRE_DE_MISSION = "OM"
    CONVOCATION = "CV"
    AUTORISATION = "AU"
    ATTESTATION = "AC"  # of the competence that is recognised

    @property
    def label(self) -> str:
        return LABELS[self]

    @property
    def slug(self) -> str:
        return SLUGS[self]


# Years, as long as an académie sets no other; ours, but for the first: a claim on the State lapses after four years
# from the first of January that follows (loi n° 68-1250 du 31 décembre 1968).
RETENTION = {Kind.ORDRE_DE_MISSION: 4, Kind.CONVOCATION: 2, Kind.AUTORISATION: 2, Kind.ATTESTATION: 50}

LABELS = {
    Kind.ORDRE_DE_MISSION: "ordre de mission",
    Kind.CONVOCATION: "convocation",
    Kind.AUTORISATION: "autorisation de se rendre à une réunion",
    Kind.ATTESTATION: "attestation de compétence",
}
SLUGS = {
    Kind.ORDRE_DE_MISSION: "ordre-de-mission",
    Kind.CONVOCATION: "convocation",
    Kind.AUTORISATION: "autorisation",
    Kind.ATTESTATION: "attestation",
}


class State(StrEnum):
    IN_FORCE = "in-force"
    CANCELLED = "cancelled"
    CANCELLATION = "cancellation"  # it says of another one that it is cancelled

    @property
    def label(self) -> str:
        return STATES[self]


STATES = {State.IN_FORCE: "en vigueur", State.CANCELLED: "annulé", State.CANCELLATION: "annulation"}


class Slot(Struct, frozen=True):
    """A time to keep in an agenda."""

    starts_at: datetime
    ends_at: datetime


class Occasion(Struct, frozen=True, kw_only=True):
    """What a paper sends somebody to."""

    summary: str
    place: str
    commune: str  # INSEE code
    slots: tuple[Slot, ...]


class Stated(Struct, frozen=True):
    """One line of a paper."""

    label: str
    value: str


class Text(Struct, frozen=True, kw_only=True):
    """What a paper says, whoever it is for."""

    title: str
    issuer: str
    lines: tuple[Stated, ...]
    paragraphs: tuple[str, ...] = ()
    occasion: Occasion | None = None


class Recipient(Struct, frozen=True, kw_only=True):
    """Somebody as a paper names him."""

    person: UUID
    uai: str
    school: str
    civility: str
    given_names: str
    family_name: str

    @property
    def is_named(self) -> bool:
        """His name has been heard, and was not erased."""
        return self.family_name != ""

    @property
    def name(self) -> str:
        parts = (self.civility.capitalize(), self.given_names, self.family_name)
        return " ".join(part for part in parts if part) if self.is_named else "nom effacé"


class Counter(Struct, frozen=True, kw_only=True):
    """The last number given, held until the command ends: what fails gives its number back."""

    academie: CodeAcademie
    kind: Kind
    today: date  # of the académie
    last: int

    def number(self, place: int) -> "Number":
        """Of the paper at this place, from 0, among those that are issued together."""
        return Number(academie=self.academie, kind=self.kind, year=self.today.year, ordinal=self.last + 1 + place)


class Number(Struct, frozen=True, kw_only=True):
    academie: CodeAcademie
    kind: Kind
    year: int
    ordinal: int

    def __str__(self) -> str:
        return f"{self.academie}-{self.kind}-{self.year}-{self.ordinal:06d}"


class Given(Struct, frozen=True, kw_only=True):
    """The last paper of its kind that somebody has about something."""

    id: UUID
    number: str
    person: UUID
    uai: str
    sequence: int
    in_force: bool
    recipient: Recipient
    granted: bool | None = None
    text: Text | None = None  # none once erased


class Draft(Struct, frozen=True, kw_only=True):
    """A paper that is decided upon, to be numbered and printed."""

    id: UUID
    recipient: Recipient
    subject: UUID
    text: Text
    sequence: int = 0
    granted: bool | None = None
    cancels: UUID | None = None
    silent: bool = False  # another paper of the same moment tells it


def state_of(*, cancels: UUID | None, in_force: bool) -> State:
    if cancels is not None:
        return State.CANCELLATION
    return State.IN_FORCE if in_force else State.CANCELLED


def following(given: Given | None) -> int:
    """The sequence of the next invitation: an agenda replaces what it has by what has a higher one."""
    if given is None:
        return 0
    return given.sequence + (1 if given.in_force else 2)  # an agenda heard of the cancellation as one more


Cancelled: TypeAlias = OrdreDeMissionCancelled | ConvocationCancelled


def cancel(given: Given, subject: UUID, kind: Kind, *, cancels: UUID | None, cancelling: UUID) -> list[Cancelled]:
    """By a new paper; once."""
    if cancels is not None:
        raise CancelsItself
    if kind not in (Kind.ORDRE_DE_MISSION, Kind.CONVOCATION):
        raise CancelledOtherwise
    if not given.in_force:
        raise PaperAlreadyCancelled
    return [cancelled(given, subject, kind, cancelling=cancelling)]


def cancelled(given: Given, subject: UUID, kind: Kind, *, cancelling: UUID) -> Cancelled:
    if kind is Kind.ORDRE_DE_MISSION:
        return OrdreDeMissionCancelled(subject=given.id, person=given.person, meeting=subject, cancelling=cancelling)
    return ConvocationCancelled(subject=given.id, person=given.person, cancelling=cancelling)


def code_of(drawn: bytes) -> str:
    """80 random bits as somebody reads them from a paper: 4 groups of 4."""
    number = int.from_bytes(drawn)
    letters = "".join(ALPHABET[number >> 5 * place & 31] for place in range(CODE_LENGTH))
    return "-".join(letters[start : start + 4] for start in range(0, CODE_LENGTH, 4))


def as_compared(code: str) -> str:
    """What somebody typed, with what looks alike taken for what it looks like."""
    return code.upper().translate(LOOK_ALIKE)


def kept_until(kind: Kind, issued_on: date, years: int | None) -> date:
    """The first day on which no law keeps it any more; `years` where the académie set its own."""
    return date(issued_on.year + 1 + (RETENTION[kind] if years is None else years), 1, 1)
