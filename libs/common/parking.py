"""What operators decide of records that could not be applied: try again, or give up with a reason; each once."""

from uuid import UUID

from msgspec import Struct

from common import audit, decided, marks_store
from common.batch import Batch, Outcome
from common.contracts.events import StreamKind
from common.decided import DecidedOtherwise, Decision, NotReplayable, Result
from common.held import EVERYTHING, SEEN, Scope
from common.inbox import Inbox
from common.marks import Held, HeldState, Record, Subject
from common.tx import Tx


class Opened(Struct, frozen=True):
    """A held record whose subject is locked."""

    id: int
    academie: str | None
    version: int
    record: Record
    subject: Subject
    subjects: marks_store.Subjects

    @property
    def held(self) -> Held | None:
        """As it is by now; None when it is done with."""
        return self.subject.held.get(self.version)

    @property
    def state(self) -> HeldState | None:
        return None if self.held is None else self.held.state

    @property
    def early(self) -> bool:
        """Its turn has not come."""
        return self.subject.kind is StreamKind.FACTS and self.version > self.subject.version + 1

    @property
    def went_on(self) -> int:
        """Versions behind it that were reached with it."""
        return max(self.subject.version - self.version, 0) if self.subject.kind is StreamKind.FACTS else 0


class Desk:
    """One transaction in which an operator decides. What this sets off is not audited as his own act; his decision is.

    A transaction without an agent is a command line's: `person` is the operating system's user, told as such.
    """

    def __init__(self, inbox: Inbox, tx: Tx, *, scope: Scope = EVERYTHING, person: str = "") -> None:
        self._inbox, self._tx, self._scope, self._person = inbox, tx, scope, person

    async def replay(self, record: int) -> Decision:
        """Try it again, and what waits behind it; before its turn it waits, and is tried when its turn comes.

        Raises:
            UnknownRecord, NotReplayable, DecidedOtherwise
        """
        opened = await self._open(record)
        if opened is None:
            return await decided.earlier(self._tx, self._inbox.consumer, self._scope, record, Result.APPLIED)
        if opened.state is HeldState.DISCARDED:
            raise DecidedOtherwise("Cet enregistrement est abandonné : il sera passé quand viendra son tour.")
        if opened.early and opened.state is HeldState.WAITING:
            return Decision.of(record, Result.WAITING, already=True)
        if opened.early:
            opened.subject.hold(opened.record, HeldState.WAITING)
        await self._go_on(opened, None if opened.early else opened.record)
        decision = _outcome(opened)
        if decision.result is Result.APPLIED:
            await self._remember(opened, decision)
        await self._trace("parking.replayed", opened, outcome=decision.result)
        return decision

    async def replay_all(
        self, *, stream: str | None = None, subject: UUID | None = None, after: int = 0, limit: int
    ) -> tuple[list[Decision], int | None]:
        """The parked records held after `after`, in order; returns too after which one to go on, None at the end.

        Those without readable headers are passed over: they can only be discarded.
        """
        rows = await self._tx.fetch(PARKED, *self._given(), stream, subject, after, limit + 1)
        last = sorted(row["id"] for row in rows)[:limit][-1:]
        parked = [row for row in rows if row["id"] <= last[0]] if last else []
        keys = sorted({(row["stream"], UUID(int=row["subject"].int)) for row in parked})
        await marks_store.lock_subjects(self._tx, self._inbox.consumer, keys)  # at once, in the consumer's own order
        decisions = [await self.replay(row["id"]) for row in parked if await self._parked(row["id"])]
        return decisions, last[0] if len(rows) > limit else None

    async def _parked(self, record: int) -> bool:
        """It may have been settled behind another of the same demand."""
        return bool(await self._tx.fetchval(STILL_PARKED, record))

    async def discard(self, record: int, reason: str) -> Decision:
        """Give it up; takes effect when its turn comes, then what waits behind it goes on.

        Raises:
            UnknownRecord, DecidedOtherwise
        """
        try:
            opened = await self._open(record)
        except NotReplayable:
            return await self._discard_unreadable(record, reason)
        if opened is None:
            return await decided.earlier(self._tx, self._inbox.consumer, self._scope, record, Result.DISCARDED)
        if opened.state is HeldState.DISCARDED:
            return Decision.of(record, Result.DISCARDED, already=True)
        opened.subject.hold(opened.record, HeldState.DISCARDED, reason)
        await self._go_on(opened, opened.subject.due())
        decision = Decision.of(record, Result.DISCARDED, versions=opened.went_on)
        await self._remember(opened, decision)
        await self._trace("parking.discarded", opened, reason=reason)
        return decision

    async def _discard_unreadable(self, record: int, reason: str) -> Decision:
        consumer, decision = self._inbox.consumer, Decision.of(record, Result.DISCARDED)
        row = await self._tx.fetchrow(DELETE_UNREADABLE, consumer, record)
        if row is None:
            return await decided.earlier(self._tx, consumer, self._scope, record, Result.DISCARDED)
        unnamed = Opened(record, None, 0, marks_store.record_of(row), Subject(StreamKind.FACTS, 0, None, {}), {})
        await self._remember(unnamed, decision)
        await self._trace("parking.discarded", unnamed, reason=reason)
        return decision

    async def give_up(self, stream: str, subject: UUID, reason: str) -> Decision:
        """Give up the versions that nobody will deliver, so that what waits for them goes on.

        Raises:
            UnknownGap
        """
        first = await self._tx.fetchval(FIRST, *self._given(), stream, subject)
        opened = None if first is None else await self._open(first)
        missing = 0 if opened is None else opened.subject.give_up_missing()
        if opened is None or not missing:
            return await decided.earlier_gap(self._tx, self._inbox.consumer, self._scope, stream, subject)
        await self._go_on(opened, opened.subject.due())
        decision = Decision.of(opened.id, Result.GIVEN_UP, versions=missing)
        await self._remember(opened, decision)
        await self._trace("parking.gap_given_up", opened, reason=reason, versions=missing)
        return decision

    def _given(self) -> tuple[str, bool, list[str]]:
        return self._inbox.consumer, self._scope.everything, sorted(self._scope.academies)

    async def _open(self, record: int) -> Opened | None:
        """Lock its subject; None: it is not held, or not in this scope.

        Raises:
            NotReplayable: its headers could not be read, so it has no subject.
        """
        row = await self._tx.fetchrow(FIND, *self._given(), record) if 0 < record < 2**63 else None
        if row is None:
            return None
        if row["subject"] is None:
            raise NotReplayable
        key = (row["stream"], UUID(int=row["subject"].int))
        subjects = await marks_store.lock_subjects(self._tx, self._inbox.consumer, [key])
        held = subjects[key].held.get(row["version"])
        if held is None or held.id != record:
            return None
        return Opened(record, row["academie"], row["version"], held.record, subjects[key], subjects)

    async def _go_on(self, opened: Opened, turn: Record | None) -> None:
        await go_on(self._inbox, self._tx, opened.subjects, turn)

    async def _remember(self, opened: Opened, decision: Decision) -> None:
        await decided.remember(self._tx, self._inbox.consumer, decision, opened.record, opened.academie)

    async def _trace(self, action: str, opened: Opened, *, reason: str | None = None, **more: str | int) -> None:
        """Audited under the record's own académie, or the first served one where nobody can say whose it is."""
        served, seen = self._inbox.served, opened.record.envelope
        academie = opened.academie if opened.academie in served else min(served)
        assert academie is not None
        if academie not in self._tx.seen.split(","):
            await self._tx.see([academie])
        place = "/".join(map(str, opened.record.place))
        detail = {"place": place, "consumer": self._inbox.consumer, "record": opened.id, **more}
        detail |= {"system_user": self._person} if self._person else {}
        subject = UUID(int=0) if seen is None else seen.subject
        audit.record(self._tx, academie, action, subject, reason=reason, detail=detail)


def _outcome(opened: Opened) -> Decision:
    match opened.held:
        case None:
            return Decision.of(opened.id, Result.APPLIED, versions=opened.went_on)
        case Held(state=HeldState.PARKED, error=error):
            return Decision.of(opened.id, Result.PARKED, error=error)
        case _:
            return Decision.of(opened.id, Result.WAITING)


async def go_on(inbox: Inbox, tx: Tx, subjects: marks_store.Subjects, turn: Record | None) -> None:
    """Apply the held record whose turn it is, if any, and what waits for it; then write the marks."""
    outcome = Outcome()
    if turn is not None:
        async with tx.impersonal() as own:
            await Batch(inbox, own, subjects, outcome, one_by_one=True).run([inbox.again(turn)])
    await marks_store.save(tx, inbox.consumer, subjects, [], outcome.forks)


async def bridge(inbox: Inbox, stream: str, subject: UUID) -> None:
    """Give up missing versions without a trace: a rebuild passes where the live consumer was allowed to."""
    async with inbox.db.batch(()) as tx:
        subjects = await marks_store.lock_subjects(tx, inbox.consumer, [(stream, subject)])
        found = subjects[stream, subject]
        if found.give_up_missing():
            await go_on(inbox, tx, subjects, found.due())


FIND = f"SELECT h.stream, h.subject, h.version, h.academie FROM infra.held h WHERE {SEEN} AND h.id = $4"  # noqa: S608
PARKED = f"""
WITH page AS (
    SELECT h.id, h.stream, h.subject, h.version FROM infra.held h
    WHERE {SEEN} AND h.state = 'parked' AND h.subject IS NOT NULL
      AND ($4::text IS NULL OR h.stream = $4) AND ($5::uuid IS NULL OR h.subject = $5) AND h.id > $6
    ORDER BY h.id LIMIT $7
)
SELECT id, stream, subject FROM page ORDER BY min(id) OVER (PARTITION BY stream, subject), version
"""  # noqa: S608 - of constants
STILL_PARKED = "SELECT 1 FROM infra.held WHERE id = $1 AND state = 'parked'"
FIRST = f"""
SELECT h.id FROM infra.held h WHERE {SEEN} AND (h.stream, h.subject) = ($4, $5) ORDER BY h.version LIMIT 1
"""  # noqa: S608
DELETE_UNREADABLE = "DELETE FROM infra.held WHERE consumer = $1 AND id = $2 AND subject IS NULL RETURNING *"
