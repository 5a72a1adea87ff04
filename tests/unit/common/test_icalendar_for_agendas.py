"""Entries of an agenda: local times with the hour of their zone on both sides of a change, one identity for ever."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from common.ical import Entry, Method, written


def entry(**changes: Any) -> Entry:
    said: dict[str, Any] = {
        "uid": "a@bassin", "sequence": 0, "changed_at": datetime(2026, 11, 25, tzinfo=UTC),
        "starts_at": datetime(2027, 2, 2, 8, tzinfo=UTC), "ends_at": datetime(2027, 2, 2, 11, tzinfo=UTC),
        "zone": "Europe/Paris", "summary": "Réunion ; bassin, Lille", "location": "Salle 12\nbâtiment B",
    }  # fmt: skip
    return Entry(**{**said, **changes})


def read(*entries: Entry) -> Any:
    return Calendar.from_ical(written(Method.PUBLISH, entries, name="Réunions"))


@pytest.mark.parametrize(
    ("starts_at", "local", "offset"),
    [
        (datetime(2027, 2, 2, 8, tzinfo=UTC), "20270202T090000", 1),
        (datetime(2027, 3, 28, 0, 59, tzinfo=UTC), "20270328T015900", 1),
        (datetime(2027, 3, 28, 1, tzinfo=UTC), "20270328T030000", 2),
        (datetime(2007, 10, 28, 2, tzinfo=UTC), "20071028T030000", 1),
    ],
)
def test_an_entry_is_told_in_local_time_with_its_zone(starts_at: datetime, local: str, offset: int) -> None:
    [zone], [event] = (read(entry(starts_at=starts_at)).walk(name) for name in ("VTIMEZONE", "VEVENT"))

    assert (event["dtstart"].to_ical().decode(), event["dtstart"].params["tzid"]) == (local, "Europe/Paris")
    assert zone.to_tz(lookup_tzid=False).utcoffset(event["dtstart"].dt.replace(tzinfo=None)) == timedelta(hours=offset)


def test_text_survives_what_the_format_gives_a_meaning() -> None:
    [event] = read(entry()).walk("VEVENT")

    assert (event["summary"], event["location"]) == ("Réunion ; bassin, Lille", "Salle 12\nbâtiment B")


def test_a_cancellation_keeps_the_identity_and_raises_the_sequence() -> None:
    [event] = read(entry(sequence=2, cancelled=True)).walk("VEVENT")

    assert (event["uid"], event["sequence"], event["status"]) == ("a@bassin", 2, "CANCELLED")


def test_each_zone_is_described_once() -> None:
    zones = read(entry(), entry(uid="b@bassin"), entry(uid="c@bassin", zone="Indian/Reunion")).walk("VTIMEZONE")

    assert [zone["tzid"] for zone in zones] == ["Europe/Paris", "Indian/Reunion"]


def test_the_same_entries_give_the_same_bytes() -> None:
    assert written(Method.PUBLISH, [entry()], name="x") == written(Method.PUBLISH, [entry()], name="x")
