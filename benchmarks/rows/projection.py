"""A set-based projection, from the topic through the inbox to its table, against a FastStream that does nothing."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from faststream.kafka import KafkaBroker
from tests.service.common import probe
from tests.service.common.listening import Listening

from benchmarks.listeners import listening, projecting
from benchmarks.outboxes import filled
from benchmarks.row import Goal, Round, Row
from common.batch import Outcome
from common.consumer import POLL_MS, RECORDS, Consumer
from common.contracts.catalogue import STREAMS
from common.contracts.hr_networks import FACTS
from common.inbox import Inbox, Raw
from common.local.run_servers import RunServers

EVENTS = 10_000
PATIENCE = 120.0  # seconds for one side of a round


class Stopwatch:
    """From the first batch's arrival to the last one's end."""

    def __init__(self, expected: int) -> None:
        self.expected, self.seen, self.first = expected, 0, 0.0
        self.rate = 0.0
        self.over = asyncio.Event()

    def begin(self) -> None:
        self.first = self.first or time.perf_counter()

    def count(self, number: int) -> None:
        self.seen += number
        if self.seen >= self.expected:
            self.rate = self.seen / (time.perf_counter() - self.first)
            self.over.set()


class Timed(Inbox):
    watch: Stopwatch

    async def apply(self, raw: Sequence[Raw]) -> Outcome:
        self.watch.begin()
        outcome = await super().apply(raw)
        self.watch.count(len(raw))
        return outcome


@asynccontextmanager
async def measure(servers: RunServers) -> AsyncIterator[Callable[[], Awaitable[Round]]]:
    kafka, table = servers.kafka(), projecting()
    async with filled(servers) as producer, listening(servers, table) as listener:
        await producer.fill(EVENTS)
        await producer.drain(EVENTS)

        async def one_round() -> Round:
            return Round(await projected(kafka, listener), await read_only(kafka))

        await one_round()  # caches, prepared statements, Kafka's own compiler: not what is measured
        yield one_round


async def projected(kafka: str, listener: Listening) -> float:
    """Events a second, all of them in the table at the end; each round is a consumer that knows nothing yet."""
    await listener.query("TRUNCATE answer")
    name = f"{probe.LISTENER}.{secrets.token_hex(4)}"
    inbox = Timed(listener.db, listener.table, (probe.LILLE,), consumer=name)
    inbox.watch = Stopwatch(EVENTS)
    task = asyncio.create_task(Consumer(kafka, inbox).run())
    try:
        async with asyncio.timeout(PATIENCE):
            await inbox.watch.over.wait()
    finally:
        await probe.ended([task])
    [kept] = await listener.query("SELECT count(*) FROM answer")
    assert kept[0] == EVENTS
    return inbox.watch.rate


async def read_only(kafka: str) -> float:
    """The same settings of poll and group, default decoding, and a handler that only counts."""
    watch = Stopwatch(EVENTS)
    broker = KafkaBroker(kafka, logger=None)

    @broker.subscriber(
        STREAMS[FACTS].behind,
        group_id=f"nothing.{secrets.token_hex(4)}",
        batch=True,
        max_records=RECORDS,
        batch_timeout_ms=POLL_MS,
        auto_offset_reset="earliest",
    )
    async def nothing(bodies: list[object]) -> None:
        watch.begin()
        watch.count(len(bodies))

    await broker.start()
    try:
        async with asyncio.timeout(PATIENCE):
            await watch.over.wait()
    finally:
        await broker.stop()
    return watch.rate


ROWS = (
    Row(
        name="set-based projection through the inbox",
        unit="events/s",
        reference="FastStream batch subscriber that does nothing",
        goal=Goal(ratio_from=0.4, value_from=15_000),
        measure=measure,
        why="headers, body and mark of every record are read and compared in Python; the reference looks at none",
    ),
)
