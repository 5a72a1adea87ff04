"""Our consumer between the real broker and a listener's database, and a log on which a test writes what it hears."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from tests.service.common import groups, probe
from tests.service.common.listening import Producer
from tests.service.common.probe import AMIENS, LILLE, LISTENER

from common import metrics
from common.committed_log import Logged
from common.consumer import Consumer
from common.contracts.catalogue import STREAMS
from common.contracts.events import Event
from common.contracts.hr_networks import FACTS
from common.handlers import Table
from common.inbox import Inbox
from common.kafka_log import BATCH_BYTES

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

Consume = Callable[..., Awaitable["Consuming"]]


class Consuming:
    """One listener's database and group; `producer` numbers what `send` writes on the log."""

    def __init__(self, kafka: str, suffix: str, urls: "ServiceUrls", table: Table) -> None:
        self.kafka, self.urls, self.table = kafka, urls, table
        self.producer = Producer()
        self.consumer = f"{LISTENER}.{suffix}"
        self.group = f"bassin.{self.consumer}"

    async def send(self, *events: Event, partition: int = 0) -> list[Logged]:
        records = [self.producer.send(event) for event in events]
        await self.publish(*records, partition=partition)
        return records

    async def publish(self, *records: Logged, partition: int = 0, transactional_id: str | None = None) -> None:
        """In one batch a topic, so that a poll finds all of them."""
        producer: Any = AIOKafkaProducer(
            bootstrap_servers=self.kafka, transactional_id=transactional_id, max_batch_size=BATCH_BYTES
        )
        await producer.start()
        try:
            async with producer.transaction() if transactional_id else contextlib.nullcontext():
                for topic in {record.topic for record in records}:
                    batch = producer.create_batch()
                    for r in (record for record in records if record.topic == topic):
                        batch.append(key=r.key, value=r.value, timestamp=None, headers=list(r.headers))
                    await (await producer.send_batch(batch, topic, partition=partition))
        finally:
            await producer.stop()

    @asynccontextmanager
    async def running(
        self, *, kafka: str | None = None, database: str | None = None, made: type[Consumer] = Consumer
    ) -> AsyncIterator[Consumer]:
        """One replica until the block ends; `kafka` and `database` may lead through a proxy."""
        urls = msgspec.structs.replace(self.urls, app=database or self.urls.app)
        async with probe.opened(LISTENER, urls, size=4) as db:
            consumer = made(kafka or self.kafka, Inbox(db, self.table, [LILLE, AMIENS], consumer=self.consumer))
            task = asyncio.create_task(consumer.run())
            try:
                yield consumer
                assert not task.done(), "the consumer broke"
            finally:
                await probe.ended([task])

    async def query(self, sql: str, *args: object) -> list[asyncpg.Record]:
        return await probe.query(self.urls, sql, *args)

    async def noted(self, subject: UUID) -> list[int]:
        """The versions applied, in order."""
        return [version for who, version, _ in await probe.noted(self.urls) if who == subject]

    async def until_noted(self, subject: UUID, number: int, *, within: float = 15.0) -> None:
        async def enough() -> bool:
            return len(await self.noted(subject)) >= number

        await probe.eventually(enough, within=within, what=f"{number} records applied")

    async def next(self, partition: int = 0) -> int | None:
        """Where the database is in the facts' log."""
        rows = await self.query(NEXT, FACTS, partition)
        return rows[0]["next"] if rows else None

    async def reason(self) -> str | None:
        """Why it is stopped."""
        rows = await self.query("SELECT reason FROM infra.consumer WHERE stopped_at IS NOT NULL")
        return rows[0]["reason"] if rows else None

    async def committed(self, partition: int = 0) -> int | None:
        """Where the group is in the facts' log, for those who look at it with Kafka's tools."""
        async with self._as_group() as member:
            offset: int | None = await member.committed(TopicPartition(STREAMS[FACTS].behind, partition))
            return offset

    async def pretend_committed(self, offset: int, partition: int = 0) -> None:
        """Somebody moves the group, who knows nothing of our database."""
        async with self._as_group() as member:
            place = TopicPartition(STREAMS[FACTS].behind, partition)
            member.assign([place])
            await member.commit({place: offset})

    @asynccontextmanager
    async def _as_group(self) -> AsyncIterator[AIOKafkaConsumer]:
        member = AIOKafkaConsumer(bootstrap_servers=self.kafka, group_id=self.group, enable_auto_commit=False)
        await member.start()
        try:
            yield member
        finally:
            await member.stop()

    async def members(self) -> list[str]:
        """Whom the broker counts in the group."""
        return await groups.members(self.kafka, self.group)

    async def expel(self) -> None:
        await groups.expel(self.kafka, self.group)


NEXT = 'SELECT next FROM infra."offset" WHERE (stream, partition) = ($1, $2)'


def counted(name: str, **labels: str) -> float:
    """The present value of one of our series, as Prometheus would read it."""
    found = metrics.REGISTRY.get_sample_value(f"bassin_{name}", {"service": LISTENER, **labels})
    return found or 0.0
