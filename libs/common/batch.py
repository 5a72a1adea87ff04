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
from common.marks import HeldState, Record, Subject, Verdict
from common.tx import Tx

if TYPE_CHECKING:
    from common.inbox import Inbox

log = logging.getLogger("bassin.inbox")

PARKED_PER_MINUTE = 5  # subjects; one more stops the consumer: something is wrong with all of them

# The database's connection, serialisation and deadlocks, cancelled statements, lack of room, locks not had in time.
TRANSIENT = (
    ConnectionError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.TransactionRollbackError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
)


class HandlerFailed(Exception):
    """Some record of the batch cannot be applied; one by one will tell which."""


class Outcome(Struct):
    """What a batch did, for the metrics, once it is committed."""

    verdicts: Counter[tuple[str, Verdict]] = msgspec.field(default_factory=Counter)
    forks: list[Record] = msgspec.field(default_factory=list)


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
        self._parked: set[object] = set()
        self._parked_before: int | None = None

    async def run(self, records: Sequence[Record]) -> Sequence[Record]:
        """Returns the records dealt with: all of them, or those before the one that stops the consumer."""
        for place, record in enumerate(records):
            if not await self._arrive(record):
                return records[:place]
        return records

    async def _arrive(self, record: Record) -> bool:
        seen = record.envelope
        if seen is None:
            return await self._park(record, None)
        subject = self._subjects[record.stream, seen.subject]
        verdict = subject.judge(record)
        if verdict not in (Verdict.APPLY, Verdict.PARK):
            self._outcome.verdicts[record.stream, verdict] += 1
        match verdict:
            case Verdict.DUPLICATE:
                return True
            case Verdict.FORK:
                self._outcome.forks.append(record)
                return True
            case Verdict.WAIT:
                subject.hold(record, HeldState.WAITING)
                return True
            case Verdict.PARK:
                return await self._park(record, subject, record.fault)
            case Verdict.APPLY:
                return await self._apply(record, subject)

    async def _apply(self, record: Record, subject: Subject) -> bool:
        """Apply it and then, in order, what waited for it."""
        turn: Record | None = record
        while turn is not None:
            error = await self._try(turn)
            if error:
                return await self._park(turn, subject, error)
            subject.applied(turn)
            self._outcome.verdicts[turn.stream, Verdict.APPLY] += 1
            turn = subject.due()
        return True

    async def _try(self, record: Record) -> str:
        """Returns why it cannot be applied; "" if it was."""
        if self._inbox.condemned(record):
            return "failed alone four times while the database was well"
        if not self._one_by_one:
            try:
                await self._inbox.handle(self._tx, record)
            except TRANSIENT:
                raise
            except Exception as error:
                raise HandlerFailed from error
            return ""
        try:
            async with self._tx.savepoint():
                await self._inbox.handle(self._tx, record)
        except TRANSIENT:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a handler raises parks its record, and only it
            log.warning("record parked", extra={"place": record.place, "error": reason(error)})
            return reason(error)
        return ""

    async def _park(self, record: Record, subject: Subject | None, error: str = "") -> bool:
        who: object = record.place if subject is None else subject
        if self._parked_before is None:
            self._parked_before = await marks_store.parked_within_a_minute(self._tx, self._inbox.consumer)
        if who not in self._parked and self._parked_before + len(self._parked) >= PARKED_PER_MINUTE:
            return False
        self._parked.add(who)
        self._outcome.verdicts[record.stream, Verdict.PARK] += 1
        if subject is None:
            self.unreadable.append(record)
        else:
            subject.hold(record, HeldState.PARKED, error)
        return True


def reason(error: Exception) -> str:
    """The error without the values of a row: asyncpg puts them into DETAIL, after the first line."""
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
