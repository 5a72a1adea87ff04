"""The paper by which one about a meeting is withdrawn, of whichever kind it is."""

from training.meetings.domain import Sheet
from training.papers.documents import cancellation
from training.papers.domain import Cancelled, Draft


def withdrawn(sheet: Sheet, event: Cancelled, *, reason: str, silent: bool) -> Draft:
    given = next(each for each in sheet.papers if each.id == event.subject)
    about, paper = sheet.meeting.id, event.cancelling
    return cancellation(given, sheet.counter.kind, subject=about, paper=paper, reason=reason, silent=silent)
