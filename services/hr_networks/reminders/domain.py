"""Relances: only a silent school is reminded, seldom, and never twice on one day."""

from collections.abc import Collection
from datetime import date, timedelta

from msgspec import Struct

RHYTHM = (7, 2)  # days before the deadline; ours, no source gives one


class Reminder(Struct, frozen=True, kw_only=True):
    """The trace of one reminder; the deadline is the one it recalled."""

    deadline: date
    days_before: int
    sent_on: date


class SilentSchool(Struct, frozen=True, kw_only=True):
    addressed_on: date
    reminders: tuple[Reminder, ...]


def reminder_due(school: SilentSchool, deadline: date, *, today: date) -> Reminder | None:
    """The reminder to send today, if any: the nearest step reached, once for each deadline that was set.

    A school addressed after a step was reached has just been written to, and a missed day is not caught up twice.
    """
    reached = [days for days in RHYTHM if deadline - timedelta(days=days) <= today <= deadline]
    if not reached:
        return None
    due = Reminder(deadline=deadline, days_before=min(reached), sent_on=today)
    just_addressed = school.addressed_on >= deadline - timedelta(days=due.days_before)
    return None if just_addressed or was_sent(due, school.reminders) else due


def was_sent(due: Reminder, sent: Collection[Reminder]) -> bool:
    return any(
        past.sent_on == due.sent_on or (past.deadline, past.days_before) == (due.deadline, due.days_before)
        for past in sent
    )
