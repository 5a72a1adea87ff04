"""A batch of records becomes one transaction: each fact applied once, in order per subject, whatever Kafka repeats."""

import contextlib
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import asyncpg
import msgspec
from aiokafka import ConsumerRecord

from common import envelope, marks_store, metrics, trace
from common.batch import TRANSIENT, Batch, HandlerFailed, Outcome
from common.committed_log import Logged
from common.contracts.catalogue import PRODUCERS, STREAMS
from common.contracts.events import Event, Fact
from common.db import Database
from common.envelope import Envelope
from common.handlers import Handler, HandlerKind, Table, Undecodable
from common.identifiers import CodeAcademie
from common.marks import Record
from common.outbox import source
from common.tx import Tx

log = logging.getLogger("bassin.inbox")


Raw: TypeAlias = ConsumerRecord[bytes | None, bytes | None] | Logged  # as aiokafka hands it over, as a rebuild reads it


Place: TypeAlias = tuple[str, int, int]

TRANSIENT_TRIES = 4  # a record that fails alone this often while the database is well is parked


class Moved(Exception):
    """Another consumer, or an older copy of the database, is elsewhere in the log: seek there."""

    def __init__(self, positions: Mapping[tuple[str, int], int]) -> None:
        super().__init__(f"positions are {dict(positions)}")
        self.positions = positions


class ConsumerStopped(Exception):
    """Stored in infra.consumer; an operator resumes it."""


class Inbox:
    """Applies records for one consumer. `positions` is the `next` it last wrote or was assigned at."""

    def __init__(
        self,
        db: Database,
        table: Table,
        academies: Iterable[CodeAcademie],
        *,
        consumer: str | None = None,
    ) -> None:
        self.db = db
        self.table = table
        self.consumer = consumer or table.service
        self.positions: dict[tuple[str, int], int] = {}
        self.asleep: frozenset[str] = frozenset()  # projections not built yet: `bassin rebuild` feeds them
        self.passed: frozenset[Place] = frozenset()  # records given up: their versions count, their handlers do not run
        self.first: Mapping[str, Mapping[str, Mapping[int, int]]] = {}  # handler -> stream -> partition -> offset
        self.streams = {STREAMS[name].behind: name for name in table.streams}  # topic -> stream
        self.served = frozenset(academies)
        self._failures: Counter[Place] = Counter()
        self._current: Record | None = None

    def read(self, raw: Raw) -> Record:
        """Nothing in a record can make this fail: what is wrong with it is written on it."""
        stream = self.streams[raw.topic]
        headers, place = tuple(raw.headers), (raw.topic, raw.partition, raw.offset)
        fault = ""
        seen: Envelope | None = None
        event: Event | None = None
        try:
            seen = envelope.read(headers)
            if place not in self.passed:
                fault, event = self._examined(stream, seen, raw.value)
        except envelope.Unreadable as error:
            fault = f"unreadable headers: {error}"
        return Record(
            stream=stream,
            topic=raw.topic,
            partition=raw.partition,
            offset=raw.offset,
            key=raw.key,
            headers=headers,
            payload=raw.value,
            envelope=seen,
            fault=fault,
            event=event,
        )

    def again(self, record: Record) -> Record:
        """A held record, examined anew: what was wrong with it may have been mended by a release."""
        assert record.envelope is not None
        fault, event = self._examined(record.stream, record.envelope, record.payload)
        return msgspec.structs.replace(record, fault=fault, event=event)

    def _examined(self, stream: str, seen: Envelope, payload: bytes | None) -> tuple[str, Event | None]:
        """Why it can never be applied here, or "", and what it says, if somebody here hears it."""
        if seen.source != source(seen.academie, PRODUCERS[stream]):
            return f"ce_source {seen.source} is not académie {seen.academie}'s {PRODUCERS[stream]}", None
        if seen.academie not in self.served:
            return f"académie {seen.academie} is not served here", None
        try:
            event = self.table.decode(seen.type, payload)
        except Undecodable as error:
            return str(error), None
        if event is not None and (event.stream, event.subject) != (stream, seen.subject):
            return f"{seen.type} of {event.subject} does not belong on {stream} under {seen.subject}", None
        return "", event

    async def apply(self, raw: Sequence[Raw]) -> Outcome:
        """Apply a polled batch.

        Raises:
            Moved: seek to its positions; nothing was applied.
            ConsumerStopped: leave the group.
            an error of TRANSIENT: try the same batch again, later.
        """
        records = [self.read(record) for record in raw]
        one_by_one = any(record.place in self._failures for record in records)
        try:
            with contextlib.suppress(HandlerFailed):
                return await self._transaction(records, one_by_one=one_by_one)
            return await self._transaction(records, one_by_one=True)
        except asyncpg.InsufficientResourcesError:
            raise  # no room on the disk, say: whose turn it is has nothing to do with it
        except TRANSIENT:
            await self._count_failure()
            raise

    async def _transaction(self, records: Sequence[Record], *, one_by_one: bool) -> Outcome:
        outcome, self._current = Outcome(), None
        async with self.db.batch(()) as tx:
            await self._claim(tx, records)
            subjects = await marks_store.lock(tx, self.consumer, records)
            batch = Batch(self, tx, subjects, outcome, one_by_one=one_by_one)
            done = await batch.run(records)
            self._current = None
            await marks_store.save(tx, self.consumer, subjects, batch.unreadable, outcome.forks)
            positions = {(r.stream, r.partition): r.offset + 1 for r in done}
            await marks_store.move(tx, self.consumer, positions)
            if stopped := len(done) < len(records):
                await marks_store.stop(tx, self.consumer, "more than 5 subjects parked within a minute")
        self.positions.update(positions)
        for record in done:
            self._failures.pop(record.place, None)
        if stopped:
            raise ConsumerStopped("more than 5 subjects parked within a minute")
        return outcome

    async def _claim(self, tx: Tx, records: Sequence[Record]) -> None:
        """Only one consumer goes on from a place in the log, and only from where this database knows it is."""
        mine = {p: self.positions[p] for p in {(r.stream, r.partition) for r in records}}
        stored, stopped = await marks_store.claim(tx, self.consumer, mine)
        if stopped:
            raise ConsumerStopped(stopped)
        if moved := {place: at for place, at in stored.items() if at != mine[place]}:
            raise Moved(moved)

    async def _count_failure(self) -> None:
        """A time-out of the database is nobody's fault; of one record alone, again and again, it is that record's."""
        current, self._current = self._current, None
        if current is None:
            return
        try:
            await self.db.pool.fetchval("SELECT 1", timeout=5)
        except TRANSIENT:
            return
        self._failures[current.place] += 1

    def condemned(self, record: Record) -> bool:
        return self._failures[record.place] >= TRANSIENT_TRIES

    async def handle(self, tx: Tx, record: Record, *, alone: bool = False) -> None:
        """Run all handlers of one record; alone, what each only collected is sent at once, so that it fails by name."""
        self._current = record
        seen = record.envelope
        assert seen is not None
        if record.place in self.passed:
            return
        event = record.event or self.table.decode(seen.type, record.payload)
        handlers = [] if event is None else self._handlers(event, record)
        if event is None or not handlers:
            return
        tx.correlation, tx.causation = seen.correlation, seen.id
        await tx.see(self.served.intersection(seen.academies))
        fact = fact_of(record.stream, seen, event)
        with trace.continued(seen.traceparent):
            for handler in handlers:
                try:
                    await run(tx, handler, fact)
                    if alone:
                        await tx.flush()
                except Exception:
                    metrics.handler_failures.labels(self.table.service, handler.name).inc()
                    raise

    def _handlers(self, event: Event, record: Record) -> list[Handler]:
        return [h for h in self.table.of(type(event)) if h.name not in self.asleep and self._begun(h.name, record)]

    def _begun(self, handler: str, record: Record) -> bool:
        return record.offset >= self.first.get(handler, {}).get(record.stream, {}).get(record.partition, 0)


def fact_of(stream: str, seen: Envelope, event: Event) -> Fact[Event]:
    return Fact(
        id=seen.id,
        type=seen.type,
        stream=stream,
        academie=seen.academie,
        academies=seen.academies,
        version=seen.version,
        time=seen.time,
        correlation=seen.correlation,
        causation=seen.causation,
        event=event,
    )


async def run(tx: Tx, handler: Handler, fact: Fact[Event]) -> None:
    if handler.kind is HandlerKind.REACTION:
        await handler.run(tx, fact)
        return
    with tx.as_projection(handler.name) as own:
        await handler.run(own, fact)
