"""What was exported never changes: a later fact or a rejection makes a further element, in a later month."""

from datetime import UTC, date, datetime
from uuid import UUID

import msgspec
import pytest
from tests.unit.payroll.missions import HELD, MORNING, assessed, mission

from payroll.campaigns.domain import Campaign
from payroll.elements.domain import Element, Status, element_of, release
from payroll.expenses.domain import Assessment, Control, NotDue

FEBRUARY = Campaign(
    id=UUID(int=2), month="2027-02", opens_on=date(2027, 1, 12), cut_off=date(2027, 2, 10), pays_on=date(2027, 2, 26)
)
MARCH = Campaign(
    id=UUID(int=3), month="2027-03", opens_on=date(2027, 2, 11), cut_off=date(2027, 3, 10), pays_on=date(2027, 3, 29)
)
LATER = datetime(2027, 2, 15, 9, tzinfo=UTC)


def after(assessment: Assessment, *past: Element, at: datetime = LATER) -> Element | None:
    return element_of(assessment, past, [FEBRUARY, MARCH], at=at, zone="Europe/Paris")


def first(**changes: object) -> Element:
    [whole] = assessed(mission())
    found = after(whole, at=HELD)
    assert found is not None
    return msgspec.structs.replace(found, **changes)


SENT = first(status=Status.EXPORTED)
REJECTED = first(status=Status.REJECTED)


@pytest.mark.parametrize("status", [Status.EXPORTED, Status.ACKNOWLEDGED])
def test_nothing_more_is_written_of_what_was_sent_and_holds(status: Status) -> None:
    [whole] = assessed(mission())

    assert after(whole, first(status=status)) is None


def test_what_is_unknown_later_takes_nothing_back() -> None:
    [unknown] = assessed(mission(traveller=None))

    assert after(unknown, SENT) is None


def test_a_corrected_attendance_makes_an_element_of_the_difference_to_be_confirmed() -> None:
    [morning] = assessed(mission(attended=(MORNING,)))

    found = after(morning, SENT)

    assert found is not None
    assert (found.rank, found.status, found.controls) == (2, Status.HELD, (Control.REGULARISATION,))
    assert [(each.kind, each.quantity, each.amount) for each in found.lines] == [("meal", -1, -2000)]


@pytest.mark.parametrize("changes", [{"cancelled": True}, {"attended": ()}])
def test_a_mission_cancelled_after_the_export_is_taken_back(changes: dict[str, object]) -> None:
    [nothing] = assessed(mission(**changes))

    found = after(nothing, SENT)

    assert found is not None
    assert (found.amount, found.controls) == (-6800, (Control.REGULARISATION,))


def test_a_confirmed_regularisation_falls_into_the_open_month() -> None:
    [morning] = assessed(mission(attended=(MORNING,)))
    found = after(morning, SENT)
    assert found is not None

    ready = release(found, [FEBRUARY, MARCH], service_day=date(2027, 2, 2), at=LATER, zone="Europe/Paris")

    assert (ready.status, ready.month, ready.late_from) == (Status.READY, "2027-03", "2027-02")
    assert after(morning, SENT, ready) == ready


def test_a_difference_that_vanishes_before_it_is_sent_leaves_nothing_to_pay() -> None:
    [morning], [whole] = assessed(mission(attended=(MORNING,))), assessed(mission())
    second = after(morning, SENT)
    assert second is not None

    found = after(whole, SENT, second)

    assert found is not None
    assert (found.rank, found.status, found.not_due) == (2, Status.NOTHING_DUE, NotDue.ALREADY_SETTLED)


def test_a_rejected_line_comes_back_whole_and_is_held_until_it_is_corrected() -> None:
    [whole] = assessed(mission())

    found = after(whole, REJECTED)

    assert found is not None
    assert (found.rank, found.controls, found.amount) == (2, (Control.REJECTED,), 6800)
    ready = release(found, [FEBRUARY, MARCH], service_day=date(2027, 2, 2), at=LATER, zone="Europe/Paris")
    assert (ready.month, ready.late_from) == ("2027-03", "2027-02")


def test_a_mission_cancelled_after_its_line_was_rejected_owes_nothing() -> None:
    [cancelled] = assessed(mission(cancelled=True))

    found = after(cancelled, REJECTED)

    assert found is not None
    assert (found.status, found.controls) == (Status.HELD, (Control.MISSION_CANCELLED,))


def test_in_a_locked_campaign_what_changes_leaves_and_what_does_not_stays() -> None:
    ready = first()
    locked = msgspec.structs.replace(FEBRUARY, locked=True)
    [whole], [morning] = assessed(mission()), assessed(mission(attended=(MORNING,)))

    same = element_of(whole, [ready], [locked, MARCH], at=LATER, zone="Europe/Paris")
    other = element_of(morning, [ready], [locked, MARCH], at=LATER, zone="Europe/Paris")

    assert same == ready
    assert other is not None
    assert (other.month, other.late_from, other.amount) == ("2027-03", "2027-02", 4800)


def test_in_a_campaign_not_yet_locked_a_change_stays_in_its_month() -> None:
    [morning] = assessed(mission(attended=(MORNING,)))

    found = after(morning, first())

    assert found is not None
    assert (found.month, found.amount) == ("2027-02", 4800)
