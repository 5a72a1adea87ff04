"""The relay, from the outbox table to Kafka, against bare sends of the same records and against faststream-outbox."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import msgspec
from aiokafka import AIOKafkaProducer
from tests.service.common import probe
from tests.service.common.probe import own_topics

from benchmarks.faststream_outbox_relay import relayed
from benchmarks.outboxes import PARTITIONS, Filled, Sent, filled
from benchmarks.row import Goal, Round, Row
from common.contracts.catalogue import STREAMS
from common.kafka_log import BATCH_BYTES
from common.local.run_servers import RunServers

EVENTS = 30_000  # half a second's work: less, and one pause of any process decides a round
SLOWLY = 300  # for who takes a second for them


@asynccontextmanager
async def against_send(servers: RunServers) -> AsyncIterator[Callable[[], Awaitable[Round]]]:
    kafka = servers.kafka()
    async with filled(servers) as ours, own_topics(kafka, partitions=PARTITIONS):
        topic = STREAMS[f"bassin.{probe.PRODUCER}"].behind
        producer = AIOKafkaProducer(
            bootstrap_servers=kafka, enable_idempotence=True, acks="all", max_batch_size=BATCH_BYTES
        )
        await producer.start()
        try:

            async def one_round() -> Round:
                await ours.fill(EVENTS)
                with held(await records(ours)) as same:
                    return Round(await ours.drain(EVENTS), await send(producer, topic, same))

            await one_round()  # Kafka's own compiler, prepared statements: not what is measured
            yield one_round
        finally:
            await producer.stop()


async def records(ours: Filled) -> list[Sent]:
    return [
        (
            str(row["subject"]).encode(),
            row["payload"],
            [(k, v.encode()) for k, v in msgspec.json.decode(row["headers"], type=dict[str, str]).items()],
        )
        for row in await ours.rows()
    ]


@contextmanager
def held(same: list[Sent]) -> Iterator[list[Sent]]:
    """A full collection that looks at all these tuples takes as long as 3,000 sends, and falls on either side."""
    gc.collect()
    gc.freeze()
    yield same
    gc.unfreeze()


async def send(producer: AIOKafkaProducer, topic: str, same: list[Sent]) -> float:
    """Records a second, all in flight."""
    began = time.perf_counter()
    sent = [await producer.send(topic, value, key=key, headers=headers) for key, value, headers in same]
    await asyncio.gather(*sent)
    return len(same) / (time.perf_counter() - began)


@asynccontextmanager
async def against_faststream_outbox(servers: RunServers) -> AsyncIterator[Callable[[], Awaitable[Round]]]:
    async with filled(servers) as ours, relayed(servers) as theirs:

        async def one_round() -> Round:
            await ours.fill(EVENTS)
            same = (await records(ours))[:SLOWLY]
            return Round(await ours.drain(EVENTS), await theirs.pass_on(same))

        yield one_round


ROWS = (
    Row(
        name="relay, against aiokafka send",
        unit="events/s",
        reference="aiokafka send, all in flight, idempotent, acks=all",
        goal=Goal(ratio_from=1.2, value_from=30_000),
        measure=against_send,
        why="writing headers and batches in Python; Kafka and PostgreSQL share a core (1.12 to 1.23 in four runs)",
    ),
    Row(
        name="relay, against faststream-outbox",
        unit="events/s",
        reference="faststream-outbox to Kafka, as its first page sets it up",
        goal=Goal(ratio_from=40),
        measure=against_faststream_outbox,
    ),
)
