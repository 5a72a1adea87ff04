"""The calendar for agendas: whoever subscribes sees what is moved or cancelled under the identity it had."""

from collections.abc import Iterable

from common import ical
from common.clock import zone_of
from common.ical import Entry, Method
from common.wording import academie_label
from hr_networks.calendar.domain import Slot
from hr_networks.meetings.domain import Status


def feed(slots: Iterable[Slot], *, name: str) -> bytes:
    return ical.written(Method.PUBLISH, map(entry, slots), name=name)


def entry(slot: Slot) -> Entry:
    cancelled = slot.status is Status.CANCELLED
    what = f"Réunion d’échange de pratiques – {slot.bassin_name or slot.bassin}"
    return Entry(
        uid=f"meeting-{slot.id}@bassin",
        sequence=slot.sequence,
        changed_at=slot.changed_at,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        zone=zone_of(slot.academie),
        summary=f"Annulée : {what}" if cancelled else what,
        location=slot.place,
        description=f"{slot.function} – {academie_label(slot.academie)}, bassin {slot.bassin}",
        cancelled=cancelled,
    )
