"""iCalendar (RFC 5545) as agendas read it: one identity per entry for ever, local times with their zone."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec import Struct

from common.clock import PARIS

if TYPE_CHECKING:
    from icalendar import Event, Timezone

MEDIA_TYPE = "text/calendar"
PRODUCT = "-//Bassin//Bassin//FR"
# The rule of the European Union since 1996, as agendas expect it; icalendar would list each change of hour by itself.
PARIS_ZONE = """BEGIN:VTIMEZONE
TZID:Europe/Paris
BEGIN:DAYLIGHT
DTSTART:19960331T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZNAME:CEST
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
"""


class Method(StrEnum):
    """What the file asks of whoever opens it (RFC 5546)."""

    PUBLISH = "PUBLISH"
    REQUEST = "REQUEST"  # an invitation, or its change
    CANCEL = "CANCEL"


class Entry(Struct, frozen=True, kw_only=True):
    """Something that takes place; said again with a higher sequence it replaces what was said before."""

    uid: str
    sequence: int
    changed_at: datetime
    starts_at: datetime
    ends_at: datetime
    zone: str
    summary: str
    location: str
    description: str = ""
    cancelled: bool = False
    organizer: str = ""  # the address of who invites, and
    attendee: str = ""  # of who is invited: an invitation has both


def written(method: Method, entries: Iterable[Entry], *, name: str) -> bytes:
    """The same bytes for the same entries."""
    from icalendar import Calendar  # noqa: PLC0415 - 0.2 s, which only those who ask for a file wait for

    listed = list(entries)
    file = Calendar()
    for field, value in (("prodid", PRODUCT), ("version", "2.0"), ("method", method.value), ("x-wr-calname", name)):
        file.add(field, value)
    for zone in sorted({entry.zone for entry in listed}):
        file.add_component(timezone(zone))
    for entry in listed:
        file.add_component(event(entry))
    return bytes(file.to_ical())


def event(entry: Entry) -> "Event":
    from icalendar import Event  # noqa: PLC0415 - as above

    zone, made = ZoneInfo(entry.zone), Event()
    made.add("uid", entry.uid)
    made.add("sequence", entry.sequence)
    made.add("dtstamp", entry.changed_at)
    made.add("last-modified", entry.changed_at)
    made.add("dtstart", entry.starts_at.astimezone(zone))
    made.add("dtend", entry.ends_at.astimezone(zone))
    made.add("summary", entry.summary)
    made.add("location", entry.location)
    if entry.description:
        made.add("description", entry.description)
    for field, address in (("organizer", entry.organizer), ("attendee", entry.attendee)):
        if address:
            made.add(field, f"mailto:{address}")
    made.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    return made


def timezone(zone: str) -> "Timezone":
    from icalendar import Timezone  # noqa: PLC0415 - as above

    made = Timezone.from_ical(PARIS_ZONE) if zone == PARIS else Timezone.from_tzid(zone)
    assert isinstance(made, Timezone)
    return made
