"""What FastStream 0.7.8 does when it commits, stops and is asked how it is; and what ours does instead."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from aiokafka import TopicPartition
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from tests.service.common import probe
from tests.service.common.consuming import Consume, Consuming
from tests.service.common.probe import LISTENER, fact

from common.consumer import Consumer
from common.contracts.catalogue import STREAMS
from common.contracts.hr_networks import FACTS
from common.polled import Polled, Raw

Handler = Callable[[Any], Awaitable[None]]


@asynccontextmanager
async def plain(consuming: Consuming, handler: Handler, **options: Any) -> AsyncIterator[KafkaBroker]:
    """FastStream without us, in the same group on the same topic, record by record."""
    broker = KafkaBroker(consuming.kafka, apply_types=False, graceful_timeout=options.pop("graceful_timeout", 2))
    wanted = {"group_id": consuming.group, "auto_offset_reset": "earliest", **options}
    broker.subscriber(STREAMS[FACTS].behind, **wanted)(handler)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


async def test_manual_alone_passes_over_what_failed(consume: Consume) -> None:
    """Trap FastStream 1: MANUAL does nothing by itself; the next commit buries the record."""
    consuming, ana, ben = await consume(), uuid4(), uuid4()
    calls: list[str] = []
    last = asyncio.Event()

    async def fail_first(body: Any) -> None:
        calls.append(body["subject"])
        if len(calls) == 1:
            raise RuntimeError
        last.set()

    await consuming.send(fact(ana, ana), fact(ben, ben))
    async with plain(consuming, fail_first, ack_policy=AckPolicy.MANUAL), asyncio.timeout(15):
        await last.wait()

    assert calls == [str(ana), str(ben)]


async def test_without_a_time_to_end_it_does_not_wait_for_the_handler(consume: Consume) -> None:
    """Trap FastStream 14: graceful_timeout 0 is none at all; good, that a cancelled handler is not acknowledged."""
    consuming, ana = await consume(), uuid4()
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work(body: Any) -> None:
        begun.set()
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            ended.set()
            raise

    await consuming.send(fact(ana, ana))
    policy = AckPolicy.NACK_ON_ERROR
    async with asyncio.timeout(15), plain(consuming, work, ack_policy=policy, graceful_timeout=0):
        await begun.wait()
    async with asyncio.timeout(1):
        await ended.wait()

    assert await consuming.committed() is None


async def test_its_ping_says_nothing_of_a_consumer(consume: Consume) -> None:
    """Trap FastStream 10: always no with consumer_only, and yes while nobody reads."""
    consuming = await consume()
    for consumer_only, answer in ((True, False), (False, True)):
        broker = KafkaBroker(consuming.kafka, consumer_only=consumer_only)
        await broker.start()
        try:
            assert await broker.ping(1) is answer
        finally:
            await broker.stop()


class Spied(Consumer):
    """Writes down what it commits."""

    commits: list[dict[TopicPartition, int] | None]

    async def _polled(self, records: tuple[Raw, ...]) -> Polled:
        consumer: Any = self._consumer()
        if not hasattr(self, "commits"):
            self.commits, commit = [], consumer.commit

            async def spied(offsets: dict[TopicPartition, int] | None = None) -> None:
                self.commits.append(offsets)
                await commit(offsets)

            consumer.commit = spied
        return await super()._polled(records)


async def test_ours_commits_once_a_batch_the_places_of_the_database(consume: Consume) -> None:
    """Trap FastStream 15: NACK_ON_ERROR commits by itself, a second commit halves the throughput."""
    consuming, ana = await consume(partitions=2), uuid4()
    await consuming.send(*(fact(ana, uuid4()) for _ in range(50)))
    async with consuming.running(made=Spied) as consumer:
        await consuming.until_noted(ana, 50)
        await probe.eventually(lambda: is_committed(consuming, 50))

    assert isinstance(consumer, Spied)
    assert consumer.commits == [{TopicPartition(STREAMS[FACTS].behind, 0): 50}]
    assert consumer.inbox.consumer.startswith(LISTENER)


async def is_committed(consuming: Consuming, offset: int) -> bool:
    return await consuming.committed() == offset
