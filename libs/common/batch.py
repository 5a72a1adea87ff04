"""The records of one transaction, in order: each applied, put aside or dropped as the marks say."""

import logging
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from common import marks_store
from common.marks import Fork, HeldState, Record, Subject, Verdict
from common.tx import Tx

if TYPE_CHECKING:
    from common.inbox import Inbox

log = logging.getLogger("bassin.inbox")

CONDEMNED = "failed alone four times while the database was well"
PARKED_PER_MINUTE = 5  # subjects; one more stops the consumer: something is wrong with all of them

# The database's connection, serialisation and deadlocks, cancelled statements, lack of room, locks not had in time.
TRANSIENT = (
    ConnectionError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # asked on a session of whose end only the reason has arrived yet
    asyncpg.PostgresConnectionError,
    asyncpg.TransactionRollbackError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
)


def transient(error: Exception) -> bool:
    """asyncpg's InterfaceError for an argument of the wrong type is a ValueError too: that one is here to stay."""
    return isinstance(error, TRANSIENT) and not isinstance(error, ValueError)


class HandlerFailed(Exception):
    """Some record of the batch cannot be applied; one by one will tell which."""


class Outcome(Struct):
    """What a batch did, for the metrics, once it is committed."""

    verdicts: Counter[tuple[str, Verdict]] = msgspec.field(default_factory=Counter)
    forks: list[Fork] = msgspec.field(default_factory=list)


def side_by_side(records: Sequence[Record]) -> Sequence[Record]:
    """Those of one académie together: whose rows are seen is set once for all of them, and they are written together.

    The order of each subject stays. Where one has records for different académies all stay as they came.
    """
    known: dict[tuple[str, UUID], tuple[str, ...]] = {}
    together: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        seen = record.envelope
        if seen is not None and known.setdefault((record.stream, seen.subject), seen.academies) != seen.academies:
            return records
        together.setdefault(() if seen is None else seen.academies, []).append(record)
    return [record for some in together.values() for record in some]


class Batch:
    """The records of one transaction, in order."""

    def __init__(
        self,
        inbox: "Inbox",
        tx: Tx,
        subjects: dict[tuple[str, UUID], Subject],
        outcome: Outcome,
        *,
        one_by_one: bool,
    ) -> None:
        self.unreadable: list[Record] = []
        self._inbox = inbox
        self._tx = tx
        self._subjects = subjects
        self._outcome = outcome
        self._one_by_one = one_by_one
        self._parked: set[object] | None = None  # within a minute; asked for when something is to be parked

    async def run(self, records: Sequence[Record]) -> Sequence[Record]:
        """Returns the records dealt with: all of them, or those before the one that stops the consumer."""
        done = records
        for place, record in enumerate(ordered := records if self._one_by_one else side_by_side(records)):
            if not await self._arrive(record):
                if ordered is not records:
                    raise HandlerFailed  # in the order of the log, in which its place is told
                done = records[:place]
                break
        if error := await self._flush():
            raise HandlerFailed from error
        return done

    async def _flush(self) -> Exception | None:
        """What handlers only collected is sent before any statement of the inbox: it fails here, as theirs."""
        try:
            await self._tx.flush()
        except Exception as error:
            if transient(error):
                raise
            return error
        return None

    async def _arrive(self, record: Record) -> bool:
        seen = record.envelope
        if seen is None:
            return await self._park(record, record.place)
        subject = self._subjects[record.stream, seen.subject]
        verdict = subject.judge(record)
        if verdict is Verdict.PARK:
            return await self._park(record, (record.stream, seen.subject), record.fault)
        if verdict is Verdict.APPLY:
            return await self._apply(record, subject)
        self._outcome.verdicts[record.stream, verdict] += 1
        if verdict is Verdict.FORK:
            self._outcome.forks.append(subject.fork(record))
        elif verdict is Verdict.WAIT:
            subject.hold(record, HeldState.WAITING)
        return await self._apply(subject.due(), subject)

    async def _apply(self, turn: Record | None, subject: Subject) -> bool:
        """Apply it and then, in order, what waited for it."""
        while turn is not None:
            assert turn.envelope is not None
            if error := await self._try(turn):
                return await self._park(turn, (turn.stream, turn.envelope.subject), error)
            subject.applied(turn)
            self._outcome.verdicts[turn.stream, Verdict.APPLY] += 1
            turn = subject.due()
        return True

    async def _try(self, record: Record) -> str:
        """Returns why it cannot be applied; "" if it was."""
        if self._inbox.condemned(record):
            log.warning("record parked", extra={"place": record.place, "error": CONDEMNED})
            return CONDEMNED
        try:
            if not self._one_by_one:
                await self._inbox.handle(self._tx, record)
                return ""
            async with self._tx.savepoint():
                await self._inbox.handle(self._tx, record, alone=True)
        except Exception as error:
            if transient(error):
                raise
            if not self._one_by_one:
                raise HandlerFailed from error
            log.warning("record parked", extra={"place": record.place, "error": reason(error)})
            return reason(error)
        return ""

    async def _park(self, record: Record, who: object, error: str = "") -> bool:
        """`who` is the record's subject, or its place if it has none. False: too many were parked before."""
        if self._parked is None:
            if failed := await self._flush():  # what handlers of the records before it collected
                raise HandlerFailed from failed
            self._parked = await marks_store.parked_within_a_minute(self._tx, self._inbox.consumer)
        if who not in self._parked and len(self._parked) >= PARKED_PER_MINUTE:
            return False
        self._parked.add(who)
        self._outcome.verdicts[record.stream, Verdict.PARK] += 1
        if record.envelope is None:
            self.unreadable.append(record)
        else:
            self._subjects[record.stream, record.envelope.subject].hold(record, HeldState.PARKED, error)
        return True


def reason(error: Exception) -> str:
    """The error without the values of a row: asyncpg puts them into DETAIL, after the first line."""
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
