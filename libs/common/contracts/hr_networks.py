"""What hr_networks publishes: the census, who is tied to which login, the meetings, what a paper needs of a person."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from msgspec import Struct

from common.contracts.events import AuditHead, Contract, Event, Stream, StreamKind
from common.contracts.training import HalfDay

FACTS = "bassin.hr_networks"
STATE = "bassin.hr_networks.state"
PEOPLE = "bassin.hr_networks.people"


class CensusOpened(Event, frozen=True, kw_only=True):
    """An académie asks its schools who holds a function. `subject` is the campaign."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.hr_networks.census_opened.v1"

    object: str
    function: str
    deadline: date  # the last day on which a school may answer, local date of the académie


class SchoolAddressed(Event, frozen=True, kw_only=True):
    """A school was added to a campaign. `subject` is `uuid5(census, "uai:<UAI>")`, the same as its answers'."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.hr_networks.school_addressed.v1"

    census: UUID
    uai: str


class CensusAnswered(Event, frozen=True, kw_only=True):
    """A school named its people, or said that it has none. A correction is a further revision."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.hr_networks.census_answered.v1"

    census: UUID
    uai: str
    revision: int
    identified: int
    persons: tuple[UUID, ...]


class DeadlineMoved(Event, frozen=True, kw_only=True):
    """`subject` is the campaign."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.hr_networks.deadline_moved.v1"

    deadline: date


class CensusClosed(Event, frozen=True, kw_only=True):
    """`subject` is the campaign; from now on its figures are frozen."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.hr_networks.census_closed.v1"

    addressed: int
    answered: int
    identified: int


class PersonLinked(Event, frozen=True, kw_only=True):
    """`subject` is the person, now tied to the login `agent`."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.hr_networks.person_linked.v1"

    agent: UUID


class NetworkActivated(Event, frozen=True, kw_only=True):
    """The réseau de ressources humaines of a bassin begins (charte des BEC). `subject` is the network."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.hr_networks.network_activated.v1"

    bassin: str
    function: str


class MeetingPlanned(Event, frozen=True, kw_only=True):
    """The animateurs of a bassin set a practice-exchange meeting. `subject` is the meeting."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.hr_networks.meeting_planned.v1"

    offer: UUID  # whose trained people animate it
    function: str  # of the people it is for
    bassin: str
    starts_at: datetime
    ends_at: datetime
    half_days: tuple[HalfDay, ...]  # that it takes of whoever comes, in the académie's own time
    place: str
    commune: str  # INSEE code
    animateurs: tuple[UUID, ...]  # persons


class MeetingMoved(Event, frozen=True, kw_only=True):
    """Another time, place or animateur; the whole meeting as it is now. `subject` is the meeting."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.hr_networks.meeting_moved.v1"

    offer: UUID
    function: str
    bassin: str
    starts_at: datetime
    ends_at: datetime
    half_days: tuple[HalfDay, ...]  # that it takes of whoever comes, in the académie's own time
    place: str
    commune: str
    animateurs: tuple[UUID, ...]


class MeetingCancelled(Event, frozen=True, kw_only=True):
    """`subject` is the meeting; why stays with hr_networks."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.hr_networks.meeting_cancelled.v1"

    offer: UUID
    bassin: str


class Presence(Struct, frozen=True, kw_only=True):
    """Somebody's attendance on one half-day of a meeting."""

    person: UUID
    day: date
    half: str  # "am" or "pm"
    present: bool
    justified: bool = False  # an absence that was explained


class MeetingHeld(Event, frozen=True, kw_only=True):
    """A meeting took place, with who came; a correction is a further fact. `subject` is the meeting."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.hr_networks.meeting_held.v1"

    offer: UUID
    bassin: str
    animateurs: tuple[UUID, ...]
    presences: tuple[Presence, ...]


class PersonState(Event, frozen=True, kw_only=True):
    """What a paper needs of a person; blanked, under the same key, by an erasure."""

    stream: ClassVar[str] = PEOPLE
    ce_type: ClassVar[str] = "fr.bassin.hr_networks.person.v1"

    civility: str
    family_name: str
    given_names: str
    work_mail: str
    uai: str
    erased: bool = False


class AuditHeadPublished(AuditHead, frozen=True, kw_only=True):
    stream: ClassVar[str] = STATE
    ce_type: ClassVar[str] = "fr.bassin.hr_networks.audit_head.v1"


CONTRACT = Contract(
    service="hr_networks",
    streams=(
        Stream(FACTS, StreamKind.FACTS),
        Stream(STATE, StreamKind.STATE),
        Stream(PEOPLE, StreamKind.STATE, max_compaction_lag_days=7),
    ),
    events=(
        CensusOpened,
        SchoolAddressed,
        CensusAnswered,
        DeadlineMoved,
        CensusClosed,
        PersonLinked,
        NetworkActivated,
        MeetingPlanned,
        MeetingMoved,
        MeetingCancelled,
        MeetingHeld,
        PersonState,
        AuditHeadPublished,
    ),
    audit_head=AuditHeadPublished,
    listeners={PEOPLE: ("training", "hr_networks", "payroll")},
)
