"""Éléments variables: what a mission still gives once what was sent before is taken off, and into which pay month."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct

from common.contracts.payroll import ElementEstablished, ElementHeld, ElementPlaced, NothingDue
from common.refusal import NotFound, Refusal
from payroll.campaigns.domain import Campaign, campaign_of, local_day
from payroll.expenses.domain import Assessment, Control, NotDue
from payroll.rates.domain import ExpenseLine, Kind

Told: TypeAlias = ElementEstablished | ElementPlaced | ElementHeld | NothingDue


class UnknownElement(NotFound):
    code = "unknown-element"
    title = "Élément introuvable"


class ElementNotHeld(Refusal):
    code = "element-not-held"
    title = "Élément non retenu"
    explanation = "Seul un élément retenu par un contrôle se libère."


class CauseRemains(Refusal):
    code = "cause-remains"
    title = "La cause demeure"
    explanation = (
        "Certains contrôles ne se lèvent pas à la main : l’élément est libéré de lui-même dès que la cause a disparu "
        "(présence constatée, distance, résidence ou taux renseignés)."
    )


class Status(StrEnum):
    HELD = "held"
    NOTHING_DUE = "nothing-due"
    READY = "ready"
    EXPORTED = "exported"
    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"

    @property
    def label(self) -> str:
        return {
            "held": "retenu",
            "nothing-due": "sans objet",
            "ready": "établi",
            "exported": "transmis",
            "acknowledged": "pris en charge",
            "rejected": "rejeté",
        }[self.value]


OPEN = (Status.HELD, Status.NOTHING_DUE, Status.READY)
SETTLED = (Status.EXPORTED, Status.ACKNOWLEDGED)
FACTS = (Control.NO_ATTENDANCE, Control.MISSION_CANCELLED)  # what was paid is taken back: they say that nothing is due


class Release(Struct, frozen=True):
    """Somebody let an element of this amount pass a control; another amount is looked at anew."""

    control: Control
    amount: int


class Element(Struct, frozen=True, kw_only=True):
    id: UUID
    mission: UUID
    rank: int  # 1, then one more for each element that corrects what was sent or rejected
    status: Status
    controls: tuple[Control, ...] = ()
    not_due: NotDue | None = None
    lines: tuple[ExpenseLine, ...] = ()
    campaign: UUID | None = None
    month: str = ""
    late_from: str = ""
    completed_at: datetime | None = None
    released: tuple[Release, ...] = ()

    @property
    def amount(self) -> int:
        return sum(each.amount for each in self.lines)


def element_id(mission: UUID, rank: int) -> UUID:
    return uuid5(mission, f"element:{rank}")


def element_of(
    assessed: Assessment, past: Sequence[Element], campaigns: Iterable[Campaign], *, at: datetime, zone: str
) -> Element | None:
    """The open element of a mission as it is to be now; None where all that is due was sent.

    What was exported never changes: a later fact makes a further element of the difference, which somebody confirms.
    """
    last = max(past, key=lambda each: each.rank, default=None)
    before = last if last is not None and last.status in OPEN else None
    settled = [each for each in past if each.status in SETTLED]
    lines = () if assessed.due is None else difference(assessed.due, settled)
    if before is None and last is not None and last.status in SETTLED and not lines:
        return None
    rank = 1 if last is None else last.rank + (before is None)
    rejected = any(each.rank == rank - 1 and each.status is Status.REJECTED for each in past)
    controls = controls_of(assessed, lines, settled=bool(settled), rejected=rejected)
    after = Element(
        id=element_id(assessed.mission.id, rank),
        mission=assessed.mission.id,
        rank=rank,
        status=Status.HELD,
        lines=lines,
        released=() if before is None else before.released,
    )
    left = tuple(c for c in controls if Release(c, after.amount) not in after.released)
    if left:
        return msgspec.structs.replace(after, controls=left)
    if not lines:
        reason = NotDue.ALREADY_SETTLED if settled else assessed.not_due
        return msgspec.structs.replace(after, status=Status.NOTHING_DUE, not_due=reason)
    return placed(after, before, assessed, campaigns, at=at, zone=zone)


def difference(due: Iterable[ExpenseLine], settled: Iterable[Element]) -> tuple[ExpenseLine, ...]:
    """What is due less what was sent, kind by kind; a kind without difference is left out."""
    wanted = {each.kind: each for each in due}
    sent = [each for element in settled for each in element.lines]
    lines = (without(kind, wanted.get(kind), [each for each in sent if each.kind is kind]) for kind in Kind)
    return tuple(each for each in lines if each.amount)


def without(kind: Kind, due: ExpenseLine | None, sent: Sequence[ExpenseLine]) -> ExpenseLine:
    mills = due.mills if due is not None else max((each.mills for each in sent), default=0)
    return ExpenseLine(
        kind=kind,
        quantity=(due.quantity if due else 0) - sum(each.quantity for each in sent),
        mills=mills,
        amount=(due.amount if due else 0) - sum(each.amount for each in sent),
    )


def controls_of(
    assessed: Assessment, lines: Sequence[ExpenseLine], *, settled: bool, rejected: bool
) -> tuple[Control, ...]:
    """Those of the mission, and those that come from what was sent before."""
    of_the_mission = tuple(c for c in assessed.controls if not (settled and c in FACTS))
    corrects = (Control.REGULARISATION,) if settled and lines else ()
    comes_back = (Control.REJECTED,) if rejected and lines else ()
    return (*of_the_mission, *corrects, *comes_back)


def placed(
    after: Element,
    before: Element | None,
    assessed: Assessment,
    campaigns: Iterable[Campaign],
    *,
    at: datetime,
    zone: str,
) -> Element:
    """Complete: it keeps its pay month, unless that is locked and something changed, or it falls into one."""
    known = list(campaigns)
    complete = max(at, assessed.mission.known_at)
    if before is None or before.status is not Status.READY:
        return fallen(after, known, service_day=local_day(assessed.mission.ends_at, zone), at=complete, zone=zone)
    locked = any(each.id == before.campaign and each.locked for each in known)
    if before.campaign is None or (locked and before.lines != after.lines):
        moved = fallen(after, known, service_day=local_day(assessed.mission.ends_at, zone), at=complete, zone=zone)
        return msgspec.structs.replace(moved, completed_at=before.completed_at)
    return msgspec.structs.replace(
        after,
        status=Status.READY,
        campaign=before.campaign,
        month=before.month,
        late_from=before.late_from,
        completed_at=before.completed_at,
    )


def fallen(element: Element, campaigns: Iterable[Campaign], *, service_day: date, at: datetime, zone: str) -> Element:
    """Ready, in the campaign open on that day; without one it waits."""
    place = campaign_of(campaigns, complete_on=local_day(at, zone), service_day=service_day)
    return msgspec.structs.replace(
        element,
        status=Status.READY,
        controls=(),
        campaign=None if place is None else place.campaign,
        month="" if place is None else place.month,
        late_from="" if place is None else place.late_from,
        completed_at=at,
    )


def release(held: Element, campaigns: Iterable[Campaign], *, service_day: date, at: datetime, zone: str) -> Element:
    """Let it pass by hand, as it stands; a cause that is still there is no matter of opinion."""
    if held.status is not Status.HELD:
        raise ElementNotHeld
    if remaining := [c for c in held.controls if not c.released_by_hand]:
        raise CauseRemains(f"À régler d’abord : {', '.join(c.label.lower() for c in remaining)}.")
    let = tuple(Release(control, held.amount) for control in held.controls)
    passed = msgspec.structs.replace(held, released=(*held.released, *let))
    return fallen(passed, campaigns, service_day=service_day, at=at, zone=zone)


def told(before: Element | None, after: Element, *, meeting: UUID, person: UUID) -> list[Told]:
    """What others learn of a change; an amount is nobody's business."""
    who = {"subject": after.id, "mission": after.mission, "meeting": meeting, "person": person, "rank": after.rank}
    was = None if before is None else before.status
    events: list[Told] = []
    if after.status is Status.HELD and (before is None or before.controls != after.controls):
        events.append(msgspec.convert({**who, "controls": after.controls}, ElementHeld))
    if after.status is Status.NOTHING_DUE and (before is None or before.not_due is not after.not_due):
        events.append(msgspec.convert({**who, "reason": after.not_due}, NothingDue))
    if after.status is Status.READY and was is not Status.READY:
        events.append(msgspec.convert(who, ElementEstablished))
    if after.campaign is not None and (before is None or before.campaign != after.campaign):
        events.append(
            ElementPlaced(
                subject=after.id,
                mission=after.mission,
                campaign=after.campaign,
                month=after.month,
                late=bool(after.late_from),
                late_from=after.late_from,
            )
        )
    return events
