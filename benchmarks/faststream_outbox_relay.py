"""faststream-outbox as the first page of its documentation sets it up: a stacked decorator, every default as it is."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faststream.kafka import KafkaBroker
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from tests.service.common import probe

from benchmarks.outboxes import PARTITIONS
from benchmarks.row import NotRun
from common.local.clones import clones
from common.local.run_servers import RunServers

Relayed = Callable[[Sequence[tuple[bytes, bytes, list[tuple[str, bytes]]]]], Awaitable[float]]
PATIENCE = 60.0  # seconds for the records of one round


@asynccontextmanager
async def relayed(servers: RunServers) -> AsyncIterator[Relayed]:
    """Events a second between the first and the last that its subscriber handed on."""
    try:
        from faststream_outbox import OutboxBroker, make_outbox_table  # noqa: PLC0415 - only `make bench` installs it
    except ModuleNotFoundError as missing:
        raise NotRun("faststream-outbox is not installed: make bench") from missing
    topic, metadata = f"bench.{secrets.token_hex(4)}", MetaData()
    await create(servers.kafka(), topic)
    table = make_outbox_table(metadata, table_name="outbox")
    with clones(servers) as clone:
        url = clone(probe.PRODUCER).admin.replace("postgresql://", "postgresql+asyncpg://")
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        outbox, kafka = OutboxBroker(engine, outbox_table=table, logger=None), KafkaBroker(servers.kafka(), logger=None)
        seen: list[float] = []

        @kafka.publisher(topic)
        @outbox.subscriber("orders_outbox")
        async def relay(body: dict[str, Any]) -> dict[str, Any]:
            seen.append(time.perf_counter())
            return body

        sessions = async_sessionmaker(engine, expire_on_commit=False)

        async def pass_on(same: Sequence[tuple[bytes, bytes, list[tuple[str, bytes]]]]) -> float:
            seen.clear()
            async with sessions() as session, session.begin():
                for _, value, headers in same:
                    told = {name: text.decode() for name, text in headers}
                    await outbox.publish(
                        msgspec.json.decode(value), queue="orders_outbox", session=session, headers=told
                    )
            async with asyncio.timeout(PATIENCE):
                while len(seen) < len(same):
                    await asyncio.sleep(0.05)
            return (len(same) - 1) / (seen[-1] - seen[0])

        await kafka.connect()
        await outbox.start()
        try:
            yield pass_on
        finally:
            await outbox.stop()
            await kafka.stop()
            await engine.dispose()


async def create(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, PARTITIONS, 1)])
    await admin.close()
