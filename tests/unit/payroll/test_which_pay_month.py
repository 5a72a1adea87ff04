"""Into which pay month an element falls: the one open when it is complete, and after a cut-off the next."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from common.contracts.payroll import CampaignLocked, CampaignMoved, CampaignScheduled
from common.identifiers import CodeAcademie
from payroll.campaigns.domain import (
    CalendarUnchanged,
    Campaign,
    CampaignAlreadyScheduled,
    CampaignIsLocked,
    CampaignOutOfOrder,
    CampaignWish,
    CutOffInThePast,
    ImpossibleCalendar,
    MoveWish,
    Placement,
    campaign_of,
    local_day,
    lock,
    move,
    schedule,
)

FEBRUARY = Campaign(
    id=UUID(int=2), month="2027-02", opens_on=date(2027, 1, 12), cut_off=date(2027, 2, 10), pays_on=date(2027, 2, 26)
)
MARCH = Campaign(
    id=UUID(int=3), month="2027-03", opens_on=date(2027, 2, 11), cut_off=date(2027, 3, 10), pays_on=date(2027, 3, 29)
)
LOCKED = Campaign(
    id=UUID(int=2), month="2027-02", opens_on=date(2027, 1, 12), cut_off=date(2027, 2, 10), pays_on=date(2027, 2, 26),
    locked=True,
)  # fmt: skip
EARLY_MARCH = Campaign(
    id=UUID(int=3), month="2027-03", opens_on=date(2027, 1, 25), cut_off=date(2027, 3, 10), pays_on=date(2027, 3, 29)
)
MISSION = date(2027, 2, 2)
TODAY = date(2027, 1, 4)


def wish(month: str = "2027-02", **days: date) -> CampaignWish:
    return CampaignWish(
        academie=CodeAcademie("09"), month=month, opens_on=days.get("opens_on", date(2027, 1, 12)),
        cut_off=days.get("cut_off", date(2027, 2, 10)), pays_on=days.get("pays_on", date(2027, 2, 26)),
    )  # fmt: skip


def other(**days: date) -> MoveWish:
    return MoveWish(
        opens_on=days.get("opens_on", FEBRUARY.opens_on), cut_off=days.get("cut_off", FEBRUARY.cut_off),
        pays_on=days.get("pays_on", FEBRUARY.pays_on), reason="la trésorerie avance son calendrier",
    )  # fmt: skip


def test_it_falls_into_the_campaign_open_on_the_day_it_is_complete() -> None:
    found = campaign_of([MARCH, FEBRUARY], complete_on=date(2027, 2, 3), service_day=MISSION)

    assert found == Placement(campaign=FEBRUARY.id, month="2027-02")


def test_the_cut_off_is_open_to_its_last_minute() -> None:
    last = datetime(2027, 2, 10, 22, 59, tzinfo=UTC)  # 23:59 in Paris
    after = datetime(2027, 2, 10, 23, 0, tzinfo=UTC)

    days = [local_day(at, "Europe/Paris") for at in (last, after)]

    found = [campaign_of([FEBRUARY, MARCH], complete_on=day, service_day=MISSION) for day in days]
    assert [each.month if each else None for each in found] == ["2027-02", "2027-03"]


@pytest.mark.parametrize(
    ("cut_off", "last"),
    [
        (date(2027, 3, 27), datetime(2027, 3, 27, 22, 59, tzinfo=UTC)),
        (date(2027, 3, 28), datetime(2027, 3, 28, 21, 59, tzinfo=UTC)),  # a day of 23 hours
        (date(2027, 10, 30), datetime(2027, 10, 30, 21, 59, tzinfo=UTC)),
        (date(2027, 10, 31), datetime(2027, 10, 31, 22, 59, tzinfo=UTC)),  # a day of 25 hours
    ],
)
def test_the_midnight_that_ends_a_cut_off_is_the_local_one_also_when_the_hour_changes(
    cut_off: date, last: datetime
) -> None:
    campaign = msgspec.structs.replace(FEBRUARY, cut_off=cut_off)
    days = [local_day(at, "Europe/Paris") for at in (last, last + timedelta(minutes=1))]

    found = [campaign_of([campaign], complete_on=day, service_day=MISSION) for day in days]

    assert [each is not None for each in found] == [True, False]


def test_after_the_cut_off_it_goes_to_the_next_month_and_says_so() -> None:
    found = campaign_of([FEBRUARY, MARCH], complete_on=date(2027, 2, 11), service_day=MISSION)

    assert found == Placement(campaign=MARCH.id, month="2027-03", late_from="2027-02")


def test_a_mission_after_the_cut_off_is_not_late_in_the_next_month() -> None:
    found = campaign_of([FEBRUARY, MARCH], complete_on=date(2027, 2, 20), service_day=date(2027, 2, 16))

    assert found == Placement(campaign=MARCH.id, month="2027-03")


def test_a_locked_campaign_takes_nothing_more_even_before_its_cut_off() -> None:
    found = campaign_of([LOCKED, EARLY_MARCH], complete_on=date(2027, 2, 3), service_day=MISSION)

    assert found == Placement(campaign=EARLY_MARCH.id, month="2027-03", late_from="2027-02")


def test_of_two_open_campaigns_the_earlier_takes_it() -> None:
    found = campaign_of([EARLY_MARCH, FEBRUARY], complete_on=date(2027, 2, 3), service_day=MISSION)

    assert found == Placement(campaign=FEBRUARY.id, month="2027-02")


@pytest.mark.parametrize("complete_on", [date(2027, 1, 11), date(2027, 3, 11)])
def test_with_no_campaign_open_it_waits(complete_on: date) -> None:
    assert campaign_of([FEBRUARY, MARCH], complete_on=complete_on, service_day=MISSION) is None


def test_scheduling_tells_the_dates_of_the_month() -> None:
    assert schedule(FEBRUARY.id, wish(), [MARCH], today=TODAY) == CampaignScheduled(
        subject=FEBRUARY.id, month="2027-02", opens_on=date(2027, 1, 12), cut_off=date(2027, 2, 10),
        pays_on=date(2027, 2, 26),
    )  # fmt: skip


def test_a_month_has_one_campaign() -> None:
    with pytest.raises(CampaignAlreadyScheduled):
        schedule(UUID(int=9), wish(), [FEBRUARY], today=TODAY)


@pytest.mark.parametrize(
    ("days", "pointer"),
    [
        ({"opens_on": date(2027, 2, 11)}, "/opens_on"),
        ({"pays_on": date(2027, 2, 10)}, "/pays_on"),
        ({"pays_on": date(2027, 3, 1)}, "/pays_on"),
    ],
)
def test_a_calendar_that_contradicts_itself_is_refused(days: dict[str, date], pointer: str) -> None:
    with pytest.raises(ImpossibleCalendar) as refused:
        schedule(UUID(int=9), msgspec.structs.replace(wish(), **days), [], today=TODAY)
    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_cut_offs_follow_the_order_of_the_months() -> None:
    with pytest.raises(CampaignOutOfOrder):
        schedule(UUID(int=9), wish("2027-04", cut_off=date(2027, 3, 10), pays_on=date(2027, 4, 28)), [MARCH],
                 today=TODAY)  # fmt: skip


def test_a_cut_off_in_the_past_is_refused() -> None:
    with pytest.raises(CutOffInThePast):
        schedule(UUID(int=9), wish(), [], today=date(2027, 2, 11))
    assert schedule(UUID(int=9), wish(), [], today=date(2027, 2, 10))


def test_a_campaign_is_moved() -> None:
    assert move(FEBRUARY, other(cut_off=date(2027, 2, 8)), [MARCH], today=TODAY) == CampaignMoved(
        subject=FEBRUARY.id, month="2027-02", opens_on=FEBRUARY.opens_on, cut_off=date(2027, 2, 8),
        pays_on=FEBRUARY.pays_on,
    )  # fmt: skip


def test_a_move_that_changes_nothing_or_breaks_the_calendar_is_refused() -> None:
    with pytest.raises(CalendarUnchanged):
        move(FEBRUARY, other(), [], today=TODAY)
    with pytest.raises(ImpossibleCalendar):
        move(FEBRUARY, other(opens_on=date(2027, 2, 11)), [], today=TODAY)
    with pytest.raises(CampaignOutOfOrder):
        move(MARCH, other(cut_off=date(2027, 2, 9), pays_on=date(2027, 3, 29)), [FEBRUARY], today=TODAY)


def test_a_campaign_is_locked_once_and_moves_no_more() -> None:
    assert lock(FEBRUARY) == CampaignLocked(subject=FEBRUARY.id, month="2027-02")
    with pytest.raises(CampaignIsLocked):
        lock(LOCKED)
    with pytest.raises(CampaignIsLocked):
        move(LOCKED, other(cut_off=date(2027, 2, 8)), [], today=TODAY)
