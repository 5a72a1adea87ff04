"""A deadline is a local date; a clock file moves business time and nothing else."""

import os
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from common.clock import Clock, deadline_passed, zone_of


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("deadline", "still_open", "closed"),
    [
        (date(2026, 11, 20), "2026-11-20T23:59:59+01:00", "2026-11-21T00:00:00+01:00"),
        (date(2026, 3, 29), "2026-03-29T21:59:59+00:00", "2026-03-29T22:00:00+00:00"),  # summer time began that day
        (date(2026, 10, 25), "2026-10-25T22:59:59+00:00", "2026-10-25T23:00:00+00:00"),  # and ended that day
    ],
)
def test_a_deadline_is_open_until_the_next_local_midnight(deadline: date, still_open: str, closed: str) -> None:
    assert not deadline_passed(deadline, at(still_open))
    assert deadline_passed(deadline, at(closed))


def test_the_same_deadline_ends_later_in_guadeloupe_than_in_paris() -> None:
    midnight_in_paris = at("2026-11-21T00:00:00+01:00")

    assert deadline_passed(date(2026, 11, 20), midnight_in_paris, zone_of("09"))
    assert not deadline_passed(date(2026, 11, 20), midnight_in_paris, zone_of("32"))


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        deadline_passed(date(2026, 11, 20), datetime(2026, 11, 20))  # noqa: DTZ001  the mistake that is refused


def test_today_is_the_local_date() -> None:
    clock = Clock(at=at("2026-11-20T23:30:00+00:00"))

    assert clock.now() == at("2026-11-21T00:30:00+01:00")
    assert clock.now().tzinfo is UTC
    assert clock.today() == date(2026, 11, 21)
    assert clock.today("America/Cayenne") == date(2026, 11, 20)


def test_without_a_file_business_time_is_the_system_s(tmp_path: Path) -> None:
    assert abs(Clock().now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert abs(Clock(tmp_path / "absent").now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_clock_file_sets_a_time_that_runs_on_and_can_be_set_again(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    file.write_text("2026-12-01T08:00:00+01:00")
    written = time.time() - 90
    os.utime(file, (written, written))
    clock = Clock(file)

    assert timedelta(seconds=90) <= clock.now() - at("2026-12-01T08:00:00+01:00") < timedelta(seconds=120)

    file.write_text("2027-01-15T08:00:00+01:00")
    assert clock.today() == date(2027, 1, 15)


def test_a_clock_file_that_says_nothing_sensible_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    file.write_text("demain")

    with pytest.raises(ValueError, match="demain"):
        Clock(file)
