"""Reminders are few: a week and two days before the deadline, once each, and never twice on one day."""

from datetime import date

import pytest

from hr_networks.reminders.domain import Reminder, SilentSchool, reminder_due

DEADLINE = date(2007, 11, 20)
OPENED = date(2007, 10, 26)


def silent(*reminders: Reminder, addressed_on: date = OPENED) -> SilentSchool:
    return SilentSchool(addressed_on=addressed_on, reminders=reminders)


def sent(days_before: int, on: date, deadline: date = DEADLINE) -> Reminder:
    return Reminder(deadline=deadline, days_before=days_before, sent_on=on)


@pytest.mark.item(141)
@pytest.mark.parametrize(
    ("today", "days_before"),
    [
        (date(2007, 11, 12), None),
        (date(2007, 11, 13), 7),
        (date(2007, 11, 18), 2),
        (date(2007, 11, 20), 2),
        (date(2007, 11, 21), None),
    ],
)
def test_a_reminder_is_due_a_week_and_two_days_before_the_deadline(today: date, days_before: int | None) -> None:
    due = reminder_due(silent(), DEADLINE, today=today)

    assert (due and due.days_before) == days_before


def test_each_step_is_sent_once() -> None:
    reminded = silent(sent(7, date(2007, 11, 13)))

    assert reminder_due(reminded, DEADLINE, today=date(2007, 11, 14)) is None
    assert reminder_due(reminded, DEADLINE, today=date(2007, 11, 18)) == sent(2, date(2007, 11, 18))


def test_a_step_missed_while_the_job_was_down_is_not_sent_beside_the_next() -> None:
    assert reminder_due(silent(), DEADLINE, today=date(2007, 11, 19)) == sent(2, date(2007, 11, 19))


def test_a_school_is_never_reminded_twice_on_one_day() -> None:
    today = date(2007, 11, 18)
    reminded_for_an_earlier_deadline = silent(sent(7, today, deadline=date(2007, 11, 25)))

    assert reminder_due(reminded_for_an_earlier_deadline, DEADLINE, today=today) is None


def test_a_new_deadline_has_its_own_reminders() -> None:
    reminded = silent(sent(7, date(2007, 11, 13)), sent(2, date(2007, 11, 18)))

    assert reminder_due(reminded, date(2007, 11, 30), today=date(2007, 11, 23)) == sent(
        7, date(2007, 11, 23), deadline=date(2007, 11, 30)
    )


def test_a_school_just_addressed_is_not_reminded_of_a_step_already_past() -> None:
    newcomer = silent(addressed_on=date(2007, 11, 15))

    assert reminder_due(newcomer, DEADLINE, today=date(2007, 11, 16)) is None
    assert reminder_due(newcomer, DEADLINE, today=date(2007, 11, 18)) == sent(2, date(2007, 11, 18))


def test_a_school_addressed_on_the_day_of_a_step_is_not_reminded_of_it() -> None:
    newcomer = silent(addressed_on=date(2007, 11, 13))

    assert reminder_due(newcomer, DEADLINE, today=date(2007, 11, 14)) is None
