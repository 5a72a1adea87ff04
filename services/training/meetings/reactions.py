"""What becomes of the papers of a meeting that is moved or cancelled: replaced or cancelled, and all are told."""

from collections.abc import Iterator, Sequence
from itertools import count
from uuid import UUID, uuid5

from common.contracts.events import Event, Fact
from common.contracts.hr_networks import MeetingCancelled, MeetingMoved
from common.handlers import Reactions
from common.tx import Tx
from training.convocations import documents as convocations
from training.convocations import domain as convening
from training.meetings import store
from training.meetings.domain import Sheet
from training.missions import documents as missions
from training.missions import domain as sending
from training.papers.documents import cancellation
from training.papers.domain import Kind
from training.papers.store import record

reactions = Reactions("training")
MOVED = "La réunion a été déplacée, ou ses animateurs ont changé."
CANCELLED = "La réunion est annulée."


@reactions.to(MeetingMoved)
async def replace_papers(tx: Tx, fact: Fact[MeetingMoved]) -> None:
    """A chef d'établissement answers anew by himself: his answer shows the date it was given for."""
    ids = derived(fact.id)
    sheet = await store.hold(tx, fact.event.subject, Kind.CONVOCATION)
    changes = convening.follow_move(sheet, ids)
    await record(tx, sheet.counter, convocations.meeting_drafts(sheet, changes, reason=MOVED), changes)
    sheet = await store.hold(tx, fact.event.subject, Kind.ORDRE_DE_MISSION)
    sent = sending.follow_move(sheet, ids)
    await record(tx, sheet.counter, missions.drafts(sheet, sent, reason=MOVED), sent)


@reactions.to(MeetingCancelled)
async def cancel_papers(tx: Tx, fact: Fact[MeetingCancelled]) -> None:
    """The autorisations too, which nobody else needs to be told of: the meeting's own event says enough."""
    ids = derived(fact.id)
    for kind in (Kind.AUTORISATION, Kind.CONVOCATION, Kind.ORDRE_DE_MISSION):  # in the order of their counters
        sheet = await store.hold(tx, fact.event.subject, kind)
        papers = {each.id: next(ids) for each in sheet.in_force}
        drafts = [
            cancellation(each, kind, subject=sheet.meeting.id, paper=papers[each.id], reason=CANCELLED)
            for each in sheet.in_force
        ]
        await record(tx, sheet.counter, drafts, told(sheet, kind, iter(papers.values())))


def told(sheet: Sheet, kind: Kind, ids: Iterator[UUID]) -> Sequence[Event]:
    match kind:
        case Kind.CONVOCATION:
            return convening.follow_cancellation(sheet.meeting, sheet.in_force, ids)
        case Kind.ORDRE_DE_MISSION:
            return sending.follow_cancellation(sheet.meeting, sheet.in_force, ids)
        case _:
            return []


def derived(cause: UUID) -> Iterator[UUID]:
    """What a reaction creates has the same id whenever the event is applied."""
    return (uuid5(cause, f"paper:{place}") for place in count())
