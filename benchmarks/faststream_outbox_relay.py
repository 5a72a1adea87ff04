"""faststream-outbox as the first page of its documentation sets it up: a stacked decorator, every default as it is."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faststream.kafka import KafkaBroker
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from tests.service.common import probe

from benchmarks.outboxes import PARTITIONS, Sent
from benchmarks.row import NotRun
from common.local.clones import clones
from common.local.run_servers import RunServers

PATIENCE = 60.0  # seconds for the records of one round
QUEUE = "orders_outbox"


class Relayed:
    """Rows that its own `publish` wrote, on their way to a topic."""

    def __init__(self, library: Any, engine: AsyncEngine, kafka: KafkaBroker, topic: str) -> None:
        self.metadata = MetaData()
        table = library.make_outbox_table(self.metadata, table_name="outbox")
        self.outbox = library.OutboxBroker(engine, outbox_table=table, logger=None)
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        self._seen: list[float] = []
        self._all, self._expected = asyncio.Event(), 0

        @kafka.publisher(topic)
        @self.outbox.subscriber(QUEUE)  # type: ignore[untyped-decorator]  # absent where only the dev lock is installed
        async def relay(body: dict[str, Any]) -> dict[str, Any]:
            self._count()
            return body

    def _count(self) -> None:
        self._seen.append(time.perf_counter())
        if len(self._seen) == self._expected:
            self._all.set()

    async def pass_on(self, same: Sequence[Sent]) -> float:
        """Events a second, between the first and the last that its subscriber handed on."""
        self._seen.clear()
        self._all.clear()
        self._expected = len(same)
        async with self._sessions() as session, session.begin():
            for _, value, headers in same:
                told = {name: text.decode() for name, text in headers}
                await self.outbox.publish(msgspec.json.decode(value), queue=QUEUE, session=session, headers=told)
        async with asyncio.timeout(PATIENCE):
            await self._all.wait()
        return (len(same) - 1) / (self._seen[-1] - self._seen[0])


@asynccontextmanager
async def relayed(servers: RunServers) -> AsyncIterator[Relayed]:
    try:
        import faststream_outbox  # noqa: PLC0415 - only `make bench` installs it
    except ModuleNotFoundError as missing:
        raise NotRun("faststream-outbox is not installed: make bench") from missing
    topic = f"bench.{secrets.token_hex(4)}"
    await create(servers.kafka(), topic)
    with clones(servers) as clone:
        engine = create_async_engine(clone(probe.PRODUCER).admin.replace("postgresql://", "postgresql+asyncpg://"))
        kafka = KafkaBroker(servers.kafka(), logger=None)
        found = Relayed(faststream_outbox, engine, kafka, topic)
        async with engine.begin() as connection:
            await connection.run_sync(found.metadata.create_all)
        await kafka.connect()
        await found.outbox.start()
        try:
            yield found
        finally:
            await found.outbox.stop()
            await kafka.stop()
            await engine.dispose()


async def create(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, PARTITIONS, 1)])
    await admin.close()
