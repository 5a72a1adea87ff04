"""Each control has a name, holds the element and is gone with its cause, or by hand where that makes sense."""

from datetime import UTC, date, datetime
from uuid import UUID

import msgspec
import pytest
from tests.unit.payroll.missions import (
    AFTERNOON,
    ALL_DAY,
    HELD,
    MISSION,
    MORNING,
    assessed,
    mission,
)

from common.contracts.payroll import ElementEstablished, ElementHeld, ElementPlaced, NothingDue
from payroll.campaigns.domain import Campaign
from payroll.elements.domain import (
    CauseRemains,
    Element,
    ElementNotHeld,
    Release,
    Status,
    element_id,
    element_of,
    release,
    told,
)
from payroll.expenses.domain import Assessment, Control, NotDue
from payroll.rules.domain import Rules

FEBRUARY = Campaign(
    id=UUID(int=2), month="2027-02", opens_on=date(2027, 1, 12), cut_off=date(2027, 2, 10), pays_on=date(2027, 2, 26)
)
SAME_MORNING = mission(id=UUID(int=9), meeting=UUID(int=0x19), half_days=(MORNING,), attended=(MORNING,))


def element(assessment: Assessment, *past: Element, at: datetime = HELD) -> Element:
    found = element_of(assessment, past, [FEBRUARY], at=at, zone="Europe/Paris")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("changes", "control"),
    [
        ({"attended": ()}, Control.NO_ATTENDANCE),
        ({"cancelled": True}, Control.MISSION_CANCELLED),
        ({"kilometres": None}, Control.DISTANCE_UNKNOWN),
        ({"adjoins_school": None}, Control.ADJACENCY_UNKNOWN),
        ({"adjoins_residence": None}, Control.ADJACENCY_UNKNOWN),
        ({"traveller": None}, Control.RESIDENCE_UNKNOWN),
        ({"named": False}, Control.IDENTITY_UNKNOWN),
    ],
)
def test_what_is_missing_or_wrong_holds_it_under_its_name(changes: dict[str, object], control: Control) -> None:
    [found] = assessed(mission(**changes))

    held = element(found)

    assert (held.status, held.controls, held.amount, held.campaign) == (Status.HELD, (control,), 0, None)
    assert control.label


def test_a_school_that_nobody_placed_holds_it() -> None:
    [found] = assessed(mission(school_commune=None, kilometres=None, adjoins_school=None))

    assert found.controls == (Control.SCHOOL_UNKNOWN,)


def test_a_day_without_a_rate_holds_it() -> None:
    [found] = assessed(mission(), rates=())

    assert element(found).controls == (Control.RATE_UNKNOWN,)


def test_an_amount_over_the_ceiling_holds_it() -> None:
    [at_the_ceiling], [over] = (
        assessed(mission(), rules=Rules(ceiling=6800)),
        assessed(mission(), rules=Rules(ceiling=6799)),
    )

    assert element(at_the_ceiling).status is Status.READY
    assert element(over).controls == (Control.OVER_CEILING,)
    assert element(over).amount == 6800


def test_two_missions_on_the_same_half_day_hold_each_other() -> None:
    found = assessed(mission(), SAME_MORNING)

    assert [each.controls for each in found] == [(Control.TWO_MISSIONS,), (Control.TWO_MISSIONS,)]


@pytest.mark.parametrize(
    "other",
    [
        msgspec.structs.replace(SAME_MORNING, cancelled=True),
        msgspec.structs.replace(SAME_MORNING, attended=()),
        msgspec.structs.replace(SAME_MORNING, attended=None),
    ],
)
def test_a_mission_that_did_not_take_place_holds_no_other(other: object) -> None:
    first = next(each for each in assessed(mission(), other) if each.mission.id == MISSION.id)  # type: ignore[arg-type]

    assert first.controls == ()


def test_a_morning_and_an_afternoon_are_two_half_days() -> None:
    found = assessed(
        mission(half_days=(AFTERNOON,), attended=(AFTERNOON,)),
        SAME_MORNING,
    )

    assert all(each.controls == () for each in found)


def test_it_is_established_and_placed_once_the_cause_is_gone() -> None:
    [missing], [whole] = assessed(mission(kilometres=None)), assessed(mission())
    held = element(missing)

    ready = element(whole, held, at=datetime(2027, 2, 8, 9, tzinfo=UTC))

    assert (ready.id, ready.rank) == (held.id, 1)
    assert (ready.status, ready.controls, ready.amount) == (Status.READY, (), 6800)
    assert (ready.month, ready.completed_at) == ("2027-02", datetime(2027, 2, 8, 9, tzinfo=UTC))
    assert [type(event) for event in told(held, ready, meeting=UUID(int=3), person=UUID(int=4))] == [
        ElementEstablished,
        ElementPlaced,
    ]


def test_it_is_complete_when_the_later_of_mission_and_attendance_is_known() -> None:
    [found] = assessed(mission(known_at=datetime(2027, 2, 11, 9, tzinfo=UTC)))

    waiting = element(found, at=HELD)

    assert (waiting.status, waiting.campaign, waiting.month) == (Status.READY, None, "")


def test_what_becomes_wrong_leaves_its_campaign_and_is_held() -> None:
    [whole], [cancelled] = assessed(mission()), assessed(mission(cancelled=True))
    ready = element(whole)

    held = element(cancelled, ready)

    assert (held.status, held.campaign, held.month) == (Status.HELD, None, "")
    assert told(ready, held, meeting=UUID(int=3), person=UUID(int=4)) == [
        ElementHeld(
            subject=ready.id, mission=MISSION.id, meeting=UUID(int=3), person=UUID(int=4), rank=1,
            controls=("mission-cancelled",),
        )
    ]  # fmt: skip


def test_the_same_again_says_nothing() -> None:
    [whole] = assessed(mission())
    ready = element(whole)

    again = element(whole, ready, at=datetime(2027, 3, 1, tzinfo=UTC))

    assert again == ready
    assert told(ready, again, meeting=UUID(int=3), person=UUID(int=4)) == []


def test_nothing_due_is_told_with_its_reason() -> None:
    [found] = assessed(mission(adjoins_school=True))
    zero = element(found)

    assert (zero.status, zero.not_due) == (Status.NOTHING_DUE, NotDue.ADJOINING_SCHOOL)
    assert told(None, zero, meeting=UUID(int=3), person=UUID(int=4)) == [
        NothingDue(
            subject=zero.id, mission=MISSION.id, meeting=UUID(int=3), person=UUID(int=4), rank=1,
            reason="adjoining-school",
        )
    ]  # fmt: skip


def test_an_element_over_the_ceiling_is_released_by_hand_for_that_amount() -> None:
    [over] = assessed(mission(), rules=Rules(ceiling=5000))
    held = element(over)

    ready = release(held, [FEBRUARY], service_day=date(2027, 2, 2), at=HELD, zone="Europe/Paris")

    assert (ready.status, ready.month, ready.released) == (
        Status.READY, "2027-02", (Release(Control.OVER_CEILING, 6800),),
    )  # fmt: skip
    assert element(over, ready) == ready
    [more] = assessed(mission(kilometres=80), rules=Rules(ceiling=5000))
    assert element(more, ready).controls == (Control.OVER_CEILING,)


@pytest.mark.parametrize("control", [c for c in Control if not c.released_by_hand])
def test_a_cause_that_remains_is_not_released_by_hand(control: Control) -> None:
    held = Element(
        id=element_id(MISSION.id, 1), mission=MISSION.id, rank=1, status=Status.HELD,
        controls=(Control.OVER_CEILING, control),
    )  # fmt: skip

    with pytest.raises(CauseRemains) as refused:
        release(held, [FEBRUARY], service_day=date(2027, 2, 2), at=HELD, zone="Europe/Paris")
    assert control.label.lower() in refused.value.detail


def test_only_what_is_held_is_released() -> None:
    [whole] = assessed(mission())

    with pytest.raises(ElementNotHeld):
        release(element(whole), [FEBRUARY], service_day=date(2027, 2, 2), at=HELD, zone="Europe/Paris")


def test_all_half_days_of_a_mission_missed_is_no_attendance_and_one_is_enough() -> None:
    [none], [one] = assessed(mission(attended=())), assessed(mission(attended=(MORNING,)))

    assert none.controls == (Control.NO_ATTENDANCE,)
    assert one.controls == ()
    assert set(ALL_DAY) > {MORNING}
