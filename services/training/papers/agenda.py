"""A convocation for an agenda: one identity for ever, and a sequence by which the last word counts."""

from email.utils import parseaddr

from common import ical
from common.clock import zone_of
from common.ical import Entry, Method
from training.papers.views import Engagement

NOBODY = "bassin@bassin.invalid"  # where no sender is configured: what an agenda is sent names who sends it (RFC 5546)


def ics_of(engagement: Engagement, *, sender: str) -> bytes:
    occasion = engagement.occasion
    method = Method.REQUEST if engagement.in_force else Method.CANCEL
    entries = (
        Entry(
            uid=f"{engagement.subject}-{engagement.person}-{slot.starts_at:%Y%m%d}@bassin"
            if len(occasion.slots) > 1
            else f"{engagement.subject}-{engagement.person}@bassin",
            sequence=engagement.sequence,
            changed_at=engagement.changed_at,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            zone=zone_of(engagement.academie),
            summary=occasion.summary,
            location=occasion.place,
            description=f"Convocation n° {engagement.number}",
            cancelled=not engagement.in_force,
            organizer=parseaddr(sender)[1] or NOBODY,
            attendee=engagement.work_mail,
        )
        for slot in occasion.slots
    )
    return ical.written(method, entries, name=occasion.summary)
