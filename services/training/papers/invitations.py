"""A convocation for an agenda: one identity for ever, and a sequence by which the last word counts."""

from email.utils import parseaddr

from common import ical
from common.clock import zone_of
from common.ical import Entry, Method
from training.papers.domain import Occasion
from training.papers.views import Invitation

NOBODY = "bassin@bassin.invalid"  # where no sender is configured: an invitation names who invites (RFC 5546)


def invitation(invited: Invitation, occasion: Occasion, *, sender: str) -> bytes:
    method = Method.REQUEST if invited.in_force else Method.CANCEL
    entries = (
        Entry(
            uid=f"{invited.subject}-{invited.person}-{slot.starts_at:%Y%m%d}@bassin"
            if len(occasion.slots) > 1
            else f"{invited.subject}-{invited.person}@bassin",
            sequence=invited.sequence,
            changed_at=invited.changed_at,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            zone=zone_of(invited.academie),
            summary=occasion.summary,
            location=occasion.place,
            description=f"Convocation n° {invited.number}",
            cancelled=not invited.in_force,
            organizer=parseaddr(sender)[1] or NOBODY,
            attendee=invited.work_mail,
        )
        for slot in occasion.slots
    )
    return ical.written(method, entries, name=occasion.summary)
