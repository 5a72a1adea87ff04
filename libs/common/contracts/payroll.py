"""What payroll publishes: the pay campaigns, and what becomes of each element; never an amount, never a name."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from common.contracts.events import AuditHead, Contract, Event, Stream, StreamKind

FACTS = "bassin.payroll"
STATE = "bassin.payroll.state"


class CampaignScheduled(Event, frozen=True, kw_only=True):
    """An académie fixed the calendar of a pay month. `subject` is the campaign."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.payroll.campaign_scheduled.v1"

    month: str  # of the pay, "2027-02"
    opens_on: date
    cut_off: date  # the last day on which an element enters, local date of the académie
    pays_on: date


class CampaignMoved(Event, frozen=True, kw_only=True):
    """Other dates; why stays with payroll. `subject` is the campaign."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.payroll.campaign_moved.v1"

    month: str
    opens_on: date
    cut_off: date
    pays_on: date


class CampaignLocked(Event, frozen=True, kw_only=True):
    """Nothing enters any more. `subject` is the campaign."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.payroll.campaign_locked.v1"

    month: str


class ElementEstablished(Event, frozen=True, kw_only=True):
    """Mission and attendance agree and every control is passed. `subject` is the element, as in all that follows."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.payroll.element_established.v1"

    mission: UUID  # the ordre de mission
    meeting: UUID
    person: UUID
    rank: int  # of the elements of this mission: the next one corrects what was sent before


class ElementPlaced(Event, frozen=True, kw_only=True):
    """An established element has its pay month."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.payroll.element_placed.v1"

    mission: UUID
    campaign: UUID
    month: str
    late: bool  # it came after a cut-off,
    late_from: str  # that of this month; "" if it is not late


class ElementHeld(Event, frozen=True, kw_only=True):
    """Something keeps it from being paid; it stays, with the names of the controls."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.payroll.element_held.v1"

    mission: UUID
    meeting: UUID
    person: UUID
    rank: int
    controls: tuple[str, ...]


class NothingDue(Event, frozen=True, kw_only=True):
    """The mission gives no right to a payment."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.payroll.nothing_due.v1"

    mission: UUID
    meeting: UUID
    person: UUID
    rank: int
    reason: str  # "residence-commune", "school-commune", "adjoining-residence", ...


class ElementExported(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.payroll.element_exported.v1"

    mission: UUID
    campaign: UUID
    export: UUID
    line: int  # of the file, from 1


class ElementAcknowledged(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.payroll.element_acknowledged.v1"

    mission: UUID
    campaign: UUID
    export: UUID


class ElementRejected(Event, frozen=True, kw_only=True):
    """Why stays with payroll; a further element of the mission comes back once it is corrected."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.payroll.element_rejected.v1"

    mission: UUID
    campaign: UUID
    export: UUID


class AuditHeadPublished(AuditHead, frozen=True, kw_only=True):
    stream: ClassVar[str] = STATE
    ce_type: ClassVar[str] = "fr.bassin.payroll.audit_head.v1"


CONTRACT = Contract(
    service="payroll",
    streams=(Stream(FACTS, StreamKind.FACTS), Stream(STATE, StreamKind.STATE)),
    events=(
        CampaignScheduled,
        CampaignMoved,
        CampaignLocked,
        ElementEstablished,
        ElementPlaced,
        ElementHeld,
        NothingDue,
        ElementExported,
        ElementAcknowledged,
        ElementRejected,
        AuditHeadPublished,
    ),
    audit_head=AuditHeadPublished,
)
