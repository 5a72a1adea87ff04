"""What random schedules are played on: topics in memory, two real databases that can be put back to an older copy."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import asyncpg
from aiokafka.errors import ProducerFenced
from msgspec import Struct, structs

from common import envelope
from common.committed_log import Logged, LogShortened, Place
from common.contracts.catalogue import CONTRACTS, STREAMS
from common.kafka_log import Outgoing, _headers

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

PARTITIONS = 2
CHUNK = 2  # records that a take-over reads at a time
T = TypeVar("T")
Meanwhile = Callable[[], Awaitable[None]]


class Died(Exception):
    """The process ended here: nothing of it goes on."""


class Topics:
    """A producer's topics; what a reader does not see (markers, aborted records) takes an offset all the same."""

    def __init__(self, producer: str) -> None:
        streams = [stream.name for stream in CONTRACTS[producer].streams]
        self.log: dict[Place, list[Logged | None]] = {(s, p): [] for s in streams for p in range(PARTITIONS)}
        self.repeated: set[tuple[Place, int]] = set()  # where late duplicates lie
        self.epoch = 0

    def ends(self) -> dict[Place, int]:
        return {place: len(records) for place, records in self.log.items()}

    def records(self) -> Iterable[Logged]:
        """Offset by offset, without the late duplicates."""
        for place, records in self.log.items():
            yield from (r for r in records if r is not None and (place, r.offset) not in self.repeated)

    def append(self, batch: Sequence[Outgoing], *, committed: bool) -> dict[Place, int]:
        after: dict[Place, int] = {}
        for row in batch:
            place = (row.stream, row.subject.int % PARTITIONS)
            end = len(self.log[place])
            key, topic = str(row.subject).encode(), STREAMS[row.stream].behind
            record = Logged(row.stream, topic, place[1], end, key, tuple(_headers(row)), row.payload)
            self.log[place].append(record if committed else None)
            after[place] = end + 1
        for place in after:
            self.log[place].append(None)
        return after

    def repeat(self, place: Place, offset: int) -> None:
        """A torn transaction: an old record once more."""
        if (record := self.log[place][offset]) is not None:
            self.repeated.add((place, len(self.log[place])))
            self.log[place].append(structs.replace(record, offset=len(self.log[place])))


async def nothing() -> None:
    """Happens meanwhile, unless the schedule says something else."""


async def die() -> None:
    raise Died


class MemoryLog:
    """One relay's producer, fenced by the next one that is opened; `before` and `after` happen around a publication."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._epoch = 0
        self.before: Meanwhile = nothing
        self.after: Meanwhile = nothing
        self.torn = False

    async def open(self) -> None:
        self._topics.epoch += 1
        self._epoch = self._topics.epoch

    async def publish(self, batch: Sequence[Outgoing]) -> dict[Place, int]:
        before, after, self.before, self.after = self.before, self.after, nothing, nothing
        await before()
        if self._epoch != self._topics.epoch:
            raise ProducerFenced
        found = self._topics.append(batch, committed=not self.torn)
        if self.torn:
            raise Died
        await after()
        return found

    async def passed(self) -> None:
        """Its readers see at once what is published."""

    async def read(self, since: Mapping[Place, int]) -> AsyncIterator[tuple[list[Logged], dict[Place, int]]]:
        ends = self._topics.ends()
        if short := {place: end for place, end in ends.items() if end < since.get(place, 0)}:
            raise LogShortened(short)
        at = {place: since.get(place, 0) for place in ends}
        for place, records in self._topics.log.items():
            while at[place] < ends[place]:
                found = records[at[place] : at[place] + CHUNK]
                at[place] += len(found)
                yield [record for record in found if record is not None], dict(at)
        yield [], ends

    async def ends(self) -> dict[Place, int]:
        return self._topics.ends()

    def abandon(self) -> None:
        """The producer is gone; what it sent is not."""


class InTurn:
    """Stands for `relay._beside`: what a relay does at the same time happens here one after the other, as told."""

    def __init__(self) -> None:
        self.published_first = True

    @asynccontextmanager
    async def beside(self, work: Coroutine[None, None, T]) -> AsyncIterator[Awaitable[T]]:
        if self.published_first:
            task = asyncio.create_task(work)
            await asyncio.wait([task])
            try:
                yield task
            finally:
                task.exception()  # whoever did not come to await it has failed otherwise
            return
        try:
            yield work
        finally:
            work.close()


class Wire:
    """What a listener's broker hands over: the topics' records, some of them repeated or too early."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._carried: defaultdict[Place, int] = defaultdict(int)
        self.log: defaultdict[Place, list[Logged | None]] = defaultdict(list)

    def carry(self, place: Place, order: Sequence[int]) -> None:
        """The next records, those that `order` names first and in its order; what it names twice is carried twice."""
        begin, ahead = self._carried[place], max(order) + 1
        found = self._topics.log[place][begin : begin + ahead]
        self._carried[place] += len(found)
        for index in [*order, *sorted(set(range(ahead)) - set(order))]:
            if index < len(found) and (record := found[index]) is not None:
                self.log[place].append(structs.replace(record, offset=len(self.log[place])))
        self.log[place].append(None)

    def carry_all(self) -> None:
        for place, end in self._topics.ends().items():
            while self._carried[place] < end:
                self.carry(place, [0])

    def next(self, at: Mapping[Place, int], number: int) -> list[Logged]:
        found = [r for place, records in self.log.items() for r in records[at.get(place, 0) :] if r is not None]
        return found[:number]


class Copy(Struct, frozen=True):
    """A database as it was."""

    rows: dict[str, list[asyncpg.Record]]
    drawn: int  # outbox ids: after a restore they are drawn once more
    acknowledged: frozenset[UUID]


class Copies:
    """Copies one database's tables, and puts them back in place: sessions last, as behind a fail-over's address."""

    def __init__(self, superuser: "asyncpg.Connection[asyncpg.Record]", tables: Sequence[str]) -> None:
        self._superuser, self._tables = superuser, tables

    async def take(self, acknowledged: Iterable[UUID] = ()) -> Copy:
        rows = {table: await self._superuser.fetch(f"SELECT * FROM {table}") for table in self._tables}
        drawn = await self._superuser.fetchval(DRAWN)
        return Copy(rows, drawn, frozenset(acknowledged))

    async def put_back(self, copy: Copy) -> None:
        async with self._superuser.transaction():
            await self._superuser.execute("; ".join(f"DELETE FROM {table}" for table in self._tables))
            for table, rows in copy.rows.items():
                if rows:
                    schema, name = table.replace('"', "").split(".")
                    await self._superuser.copy_records_to_table(
                        name, schema_name=schema, records=[tuple(row) for row in rows], columns=list(rows[0].keys())
                    )
            await self._superuser.execute("SELECT setval('infra.outbox_id_seq', $1, false)", copy.drawn)


async def end_sessions(superuser: "asyncpg.Connection[asyncpg.Record]", urls: "ServiceUrls") -> None:
    """Every relay's: the server has gone, or thinks that they have."""
    role = urls.relay.split("//")[1].split(":")[0]
    await superuser.execute(TERMINATE, role)


def version(record: Logged) -> int:
    return envelope.read(record.headers).version


def identity(record: Logged) -> UUID:
    return envelope.read(record.headers).id


DRAWN = "SELECT last_value + CASE WHEN is_called THEN 1 ELSE 0 END FROM infra.outbox_id_seq"
TERMINATE = """
SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
WHERE datname = current_database() AND usename = $1
"""
