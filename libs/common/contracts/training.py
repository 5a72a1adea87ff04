"""What training publishes: an offer, who goes, on what paper, who came and what is recognised."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from msgspec import Struct

from common.contracts.events import AuditHead, Contract, Event, Stream, StreamKind

FACTS = "bassin.training"
STATE = "bassin.training.state"


class HalfDay(Struct, frozen=True, order=True):
    """The grain of attendance and of expenses."""

    day: date
    half: str  # "am" or "pm"


class ModuleOutline(Struct, frozen=True, kw_only=True):
    """A module of an offer, over all of its groups."""

    module: UUID
    rank: int  # 1 is followed first
    title: str
    first_day: date
    last_day: date


class OfferPublished(Event, frozen=True, kw_only=True):
    """An edition of a training offer can be applied for. `subject` is the offer."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.training.offer_published.v1"

    title: str
    year: str  # school year, "2026-2027"
    function: str  # of the census that names who may apply
    opens_on: date
    closes_on: date  # the last day on which one may apply
    modules: tuple[ModuleOutline, ...]


class CandidatureSubmitted(Event, frozen=True, kw_only=True):
    """`subject` is the candidature, as in all that follows about it."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.training.candidature_submitted.v1"

    offer: UUID
    person: UUID
    uai: str
    bassin: str


class AvisGiven(Event, frozen=True, kw_only=True):
    """The chef d'établissement gave his avis circonstancié; why stays with training."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.training.avis_given.v1"

    offer: UUID
    person: UUID
    avis: UUID
    value: str  # "favorable", "reserve" or "defavorable"


class AvisLapsed(Event, frozen=True, kw_only=True):
    """The deadline passed without an avis: the training office decides, silence is no consent."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.training.avis_lapsed.v1"

    offer: UUID
    person: UUID


class CandidatureRetained(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.training.candidature_retained.v1"

    offer: UUID
    person: UUID
    bassin: str


class CandidatureWaitlisted(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.training.candidature_waitlisted.v1"

    offer: UUID
    person: UUID
    bassin: str
    rank: int  # in the bassin's waiting list, from 1


class CandidatureNotRetained(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.training.candidature_not_retained.v1"

    offer: UUID
    person: UUID
    bassin: str


class CandidaturePromoted(Event, frozen=True, kw_only=True):
    """A place became free for the first who waits; he is to accept it until a date."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.training.candidature_promoted.v1"

    offer: UUID
    person: UUID
    bassin: str
    accept_by: date


class CandidatureWithdrawn(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.training.candidature_withdrawn.v1"

    offer: UUID
    person: UUID
    bassin: str


class ModuleFollowed(Event, frozen=True, kw_only=True):
    """Somebody attended all of a module. `subject` is `uuid5(candidature, "module:<module>")`."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.training.module_followed.v1"

    offer: UUID
    module: UUID
    rank: int
    candidature: UUID
    person: UUID
    bassin: str


class ModuleMissed(Event, frozen=True, kw_only=True):
    """Somebody was absent, or a correction says so. `subject` as in `ModuleFollowed`, which a correction undoes."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.training.module_missed.v1"

    offer: UUID
    module: UUID
    rank: int
    candidature: UUID
    person: UUID
    bassin: str
    justified: bool


class OrdreDeMissionIssued(Event, frozen=True, kw_only=True):
    """The training office sends an animateur to a meeting. `subject` is the paper."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.training.ordre_de_mission_issued.v1"

    number: str
    person: UUID
    uai: str  # the person's school
    meeting: UUID
    candidature: UUID  # whose selection, and
    avis: UUID | None  # whose avis, made the person an animateur; none where none was given
    commune: str  # INSEE code of the place of the meeting
    starts_at: datetime
    ends_at: datetime
    half_days: tuple[HalfDay, ...]


class OrdreDeMissionCancelled(Event, frozen=True, kw_only=True):
    """By a new paper. `subject` is the paper that is cancelled."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.training.ordre_de_mission_cancelled.v1"

    person: UUID
    meeting: UUID
    cancelling: UUID  # the paper that says so


class ConvocationIssued(Event, frozen=True, kw_only=True):
    """`subject` is the paper. To a meeting of the bassin, or to a session of a module."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.training.convocation_issued.v1"

    number: str
    person: UUID
    uai: str
    meeting: UUID | None
    session: UUID | None
    half_days: tuple[HalfDay, ...]


class ConvocationCancelled(Event, frozen=True, kw_only=True):
    """By a new paper. `subject` is the paper that is cancelled."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.training.convocation_cancelled.v1"

    person: UUID
    cancelling: UUID


class AutorisationGranted(Event, frozen=True, kw_only=True):
    """A chef d'établissement lets his secretary go to a meeting. `subject` is the paper."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.training.autorisation_granted.v1"

    meeting: UUID
    person: UUID
    uai: str


class AutorisationRefused(Event, frozen=True, kw_only=True):
    """He does not; his reason stays with training. `subject` is the paper."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.training.autorisation_refused.v1"

    meeting: UUID
    person: UUID
    uai: str


class CompetenceRecognised(Event, frozen=True, kw_only=True):
    """« Reconnaissance des compétences acquises », letter of 26 Oct 2007. `subject` is the recognition."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.training.competence_recognised.v1"

    offer: UUID
    candidature: UUID
    person: UUID
    bassin: str


class RecognitionRevoked(Event, frozen=True, kw_only=True):
    """`subject` is the recognition."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.training.recognition_revoked.v1"

    person: UUID


class AuditHeadPublished(AuditHead, frozen=True, kw_only=True):
    stream: ClassVar[str] = STATE
    ce_type: ClassVar[str] = "fr.bassin.training.audit_head.v1"


CONTRACT = Contract(
    service="training",
    streams=(Stream(FACTS, StreamKind.FACTS), Stream(STATE, StreamKind.STATE)),
    events=(
        OfferPublished,
        CandidatureSubmitted,
        AvisGiven,
        AvisLapsed,
        CandidatureRetained,
        CandidatureWaitlisted,
        CandidatureNotRetained,
        CandidaturePromoted,
        CandidatureWithdrawn,
        ModuleFollowed,
        ModuleMissed,
        OrdreDeMissionIssued,
        OrdreDeMissionCancelled,
        ConvocationIssued,
        ConvocationCancelled,
        AutorisationGranted,
        AutorisationRefused,
        CompetenceRecognised,
        RecognitionRevoked,
        AuditHeadPublished,
    ),
    audit_head=AuditHeadPublished,
)
