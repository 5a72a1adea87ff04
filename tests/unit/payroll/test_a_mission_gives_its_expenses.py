"""From the ordre de mission and the attendance, never from one of them: kilometres, nights, meals."""

from datetime import UTC, date, datetime, time
from uuid import UUID

import msgspec
import pytest
from tests.unit.payroll.missions import (
    AFTERNOON,
    ALL_DAY,
    AT_HOME,
    DUNKERQUE,
    LILLE,
    MORNING,
    assessed,
    lines,
    mission,
)

from common.contracts.training import HalfDay
from payroll.expenses.domain import NotDue, Traveller
from payroll.rules.domain import ImpossibleRules, Rules, Window, checked

TWO_DAYS = (*ALL_DAY, HalfDay(date(2027, 2, 3), "am"), HalfDay(date(2027, 2, 3), "pm"))


def test_a_day_away_is_a_journey_there_and_back_and_a_meal() -> None:
    [found] = assessed(mission())

    assert lines(found) == [("kilometre", 150, 4800), ("meal", 1, 2000)]
    assert (found.amount, found.controls, found.not_due) == (6800, (), None)


def test_a_mission_without_attendance_is_an_expected_expense_and_no_element() -> None:
    assert assessed(mission(attended=None)) == []


def test_attendance_without_a_mission_gives_nothing() -> None:
    assert assessed() == []


@pytest.mark.parametrize(
    ("starts", "ends", "half_days", "meals"),
    [
        ((8, 0), (16, 0), ALL_DAY, 1),  # 9 to 17 o'clock in Paris
        ((8, 0), (11, 0), (MORNING,), 0),
        ((13, 0), (16, 0), (AFTERNOON,), 0),
        ((10, 0), (13, 0), ALL_DAY, 1),  # 11 to 14 o'clock exactly
        ((10, 1), (16, 0), ALL_DAY, 0),
        ((8, 0), (12, 59), ALL_DAY, 0),
        ((8, 0), (20, 0), ALL_DAY, 2),  # until 21 o'clock
        ((8, 0), (19, 59), ALL_DAY, 1),
        ((13, 0), (20, 0), (AFTERNOON,), 1),
    ],
)
def test_a_meal_is_due_when_the_mission_covers_all_of_its_window(
    starts: tuple[int, int], ends: tuple[int, int], half_days: tuple[HalfDay, ...], meals: int
) -> None:
    [found] = assessed(
        mission(
            starts_at=datetime(2027, 2, 2, *starts, tzinfo=UTC),
            ends_at=datetime(2027, 2, 2, *ends, tzinfo=UTC),
            half_days=half_days,
            attended=half_days,
        )
    )

    assert [quantity for kind, quantity, _ in lines(found) if kind == "meal"] == ([meals] if meals else [])


def test_the_window_is_that_of_summer_time_too() -> None:
    summer = (HalfDay(date(2027, 6, 1), "am"), HalfDay(date(2027, 6, 1), "pm"))
    [found] = assessed(
        mission(
            starts_at=datetime(2027, 6, 1, 9, tzinfo=UTC),  # 11 o'clock in Paris
            ends_at=datetime(2027, 6, 1, 12, tzinfo=UTC),
            half_days=summer,
            attended=summer,
        )
    )

    assert ("meal", 1, 2000) in lines(found)


def test_the_windows_are_the_academies_own_configuration() -> None:
    later = Rules(midday=Window(start=time(12), end=time(14)))
    from_noon = mission(starts_at=datetime(2027, 2, 2, 11, tzinfo=UTC))

    assert ("meal", 1, 2000) not in lines(assessed(from_noon)[0])
    assert ("meal", 1, 2000) in lines(assessed(from_noon, rules=later)[0])


def test_a_window_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ImpossibleRules) as refused:
        checked(Rules(evening=Window(start=time(21), end=time(18))))
    assert [error.pointer for error in refused.value.errors] == ["/evening/end"]
    assert checked(Rules()) == Rules()


def test_there_is_no_night_inside_one_day() -> None:
    [found] = assessed(mission(starts_at=datetime(2027, 2, 1, 23, tzinfo=UTC)))  # midnight in Paris

    assert all(kind != "night" for kind, _, _ in lines(found))


def test_a_night_is_due_when_the_mission_covers_all_of_it() -> None:
    into_the_night = (AFTERNOON, HalfDay(date(2027, 2, 3), "am"))
    found = [
        assessed(mission(ends_at=datetime(2027, 2, 3, *until, tzinfo=UTC), half_days=into_the_night,
                         attended=into_the_night))[0]
        for until in ((3, 59), (4, 0))
    ]  # fmt: skip

    assert [("night", 1, 9000) in lines(each) for each in found] == [False, True]


def test_whoever_left_at_noon_has_no_dinner() -> None:
    [found] = assessed(mission(ends_at=datetime(2027, 2, 2, 20, tzinfo=UTC), attended=(MORNING,)))

    assert lines(found) == [("kilometre", 150, 4800)]


def test_two_days_away_are_one_journey_a_night_and_three_meals() -> None:
    [found] = assessed(mission(ends_at=datetime(2027, 2, 3, 16, tzinfo=UTC), half_days=TWO_DAYS, attended=TWO_DAYS))

    assert lines(found) == [("kilometre", 150, 4800), ("night", 1, 9000), ("meal", 3, 6000)]


def test_a_night_in_a_large_city_is_worth_more() -> None:
    [found] = assessed(
        mission(
            ends_at=datetime(2027, 2, 3, 16, tzinfo=UTC), half_days=TWO_DAYS, attended=TWO_DAYS, commune=LILLE,
            school_commune=DUNKERQUE, traveller=Traveller(residence=DUNKERQUE, vehicle="none"),
        )
    )  # fmt: skip

    assert lines(found) == [("night", 1, 12000), ("meal", 3, 6000)]


def test_only_the_half_days_attended_count() -> None:
    """The second day he was not there: no night, one journey, the meals of the first."""
    [found] = assessed(mission(ends_at=datetime(2027, 2, 3, 16, tzinfo=UTC), half_days=TWO_DAYS, attended=ALL_DAY))

    assert lines(found) == [("kilometre", 150, 4800), ("meal", 2, 4000)]


def test_whoever_comes_home_between_two_days_travels_twice() -> None:
    apart = (MORNING, HalfDay(date(2027, 2, 4), "am"))
    [found] = assessed(mission(ends_at=datetime(2027, 2, 4, 11, tzinfo=UTC), half_days=apart, attended=apart))

    assert lines(found)[0] == ("kilometre", 300, 9600)


def test_a_half_day_that_the_mission_does_not_name_does_not_count() -> None:
    [found] = assessed(mission(half_days=(MORNING,), attended=ALL_DAY))

    assert lines(found) == [("kilometre", 150, 4800)]


def test_without_a_vehicle_of_his_own_no_kilometre_is_due() -> None:
    [found] = assessed(mission(traveller=Traveller(residence=LILLE, vehicle="none"), kilometres=None))

    assert lines(found) == [("meal", 1, 2000)]


def test_kilometres_add_up_over_the_persons_year() -> None:
    """After 14 journeys of 150 km the 2,000 km are passed: 50 km at 0.32, 100 at 0.40."""
    missions = [
        mission(
            id=UUID(int=n), meeting=UUID(int=0x100 + n),
            starts_at=datetime(2027, 2, n, 8, tzinfo=UTC), ends_at=datetime(2027, 2, n, 11, tzinfo=UTC),
            half_days=(HalfDay(date(2027, 2, n), "am"),), attended=(HalfDay(date(2027, 2, n), "am"),),
        )
        for n in range(1, 16)
    ]  # fmt: skip

    found = [each.amount for each in assessed(*reversed(missions))]

    assert found == [4800] * 13 + [50 * 32 + 100 * 40, 6000]


def test_a_new_year_begins_to_count_at_zero() -> None:
    december = mission(
        id=UUID(int=9), starts_at=datetime(2026, 12, 1, 8, tzinfo=UTC), ends_at=datetime(2026, 12, 1, 11, tzinfo=UTC),
        half_days=(HalfDay(date(2026, 12, 1), "am"),), attended=(HalfDay(date(2026, 12, 1), "am"),), kilometres=1500,
    )  # fmt: skip

    [_, found] = assessed(mission(), december)

    assert lines(found)[0] == ("kilometre", 150, 4800)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"commune": LILLE}, NotDue.RESIDENCE_COMMUNE),
        ({"commune": DUNKERQUE, "school_commune": DUNKERQUE}, NotDue.SCHOOL_COMMUNE),
        ({"adjoins_residence": True}, NotDue.ADJOINING_RESIDENCE),
        ({"adjoins_school": True}, NotDue.ADJOINING_SCHOOL),
    ],
)
def test_nothing_is_due_at_home_at_school_or_next_door_and_the_reason_is_kept(
    changes: dict[str, object], reason: NotDue
) -> None:
    [found] = assessed(mission(**changes))

    assert (found.due, found.not_due, found.controls) == ((), reason, ())
    assert found.not_due is not None
    assert found.not_due.label


def test_one_of_the_two_places_is_enough_whatever_is_not_known_of_the_other() -> None:
    [found] = assessed(mission(commune=LILLE, traveller=None, kilometres=None, adjoins_residence=None))

    assert found.not_due is NotDue.SCHOOL_COMMUNE


def test_a_mission_that_costs_nothing_says_so() -> None:
    [found] = assessed(
        mission(traveller=msgspec.structs.replace(AT_HOME, vehicle="none"), half_days=(MORNING,), attended=(MORNING,))
    )

    assert (found.due, found.not_due) == ((), NotDue.NO_EXPENSE)
