"""A broker that dies under producer and consumer, and comes back: aiokafka hangs where ours goes on."""

import asyncio
import contextlib
import io
import signal
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError
from tests.service.common import probe
from tests.service.common.consuming import Consuming
from tests.service.common.probe import LISTENER, PRODUCER, fact
from tests.service.common.test_traps_of_aiokafka import outgoing

from common import kafka_log, logs, topics
from common.committed_log import CommittedLog, end_reader
from common.contracts.catalogue import CONTRACTS, STREAMS
from common.contracts.hr_networks import FACTS
from common.kafka_log import KafkaLog
from common.local.kafka import KafkaNode

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

OUTAGE = 3.0  # seconds
LINES = 20  # that may tell of it, however long it lasts; aiokafka alone would write as many a second


async def test_a_broker_that_dies_is_waited_for_by_producer_and_consumer(
    node: Callable[[], KafkaNode],
    database: "Callable[[str], ServiceUrls]",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Trap aiokafka 1: an idempotent producer never expires a batch; its future hangs, ours has a deadline."""
    logs.configure(LISTENER, stream=(said := io.StringIO()))
    broker, urls, table, ana = node(), database(LISTENER), probe.listener(), uuid4()
    await probe.lay_out(urls, table)
    with probe.topics_named("here"):
        await topics.ensure(broker.bootstrap, [CONTRACTS[PRODUCER]], partitions=1)
        consuming, log = Consuming(broker.bootstrap, "here", urls, table), KafkaLog(broker.bootstrap, "here", [FACTS])
        plain = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, enable_idempotence=True, request_timeout_ms=500)
        await plain.start()
        await log.open()
        async with consuming.running():
            await consuming.send(fact(ana, ana))
            await consuming.until_noted(ana, 1)
            await asyncio.to_thread(broker.stop)
            said.seek(0)
            said.truncate()

            hanging = asyncio.create_task(plain.send_and_wait(STREAMS[FACTS].behind, b"never expires"))
            with monkeypatch.context() as impatient:
                impatient.setattr(kafka_log, "PUBLISHED", OUTAGE / 2)
                with pytest.raises((TimeoutError, KafkaError)):
                    await log.publish([outgoing(1)])
            await asyncio.sleep(OUTAGE / 2)
            assert not hanging.done()
            assert 1 <= len(said.getvalue().splitlines()) <= LINES, said.getvalue()
            hanging.cancel()

            await asyncio.to_thread(node)
            await log.open()
            assert await log.publish([outgoing(2)])
            await consuming.send(fact(ana, ana))
            await consuming.until_noted(ana, 2)
        await log.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(plain.stop(), 1)


async def test_a_batch_is_given_up_as_soon_as_a_silent_broker_must_have_ended_its_transaction(
    node: Callable[[], KafkaNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connections stay open, so nothing fails; who waited on would leave a gap, and holds nothing together."""
    monkeypatch.setattr(kafka_log, "OPEN", 2.0)
    monkeypatch.setattr(kafka_log, "PUBLISHED", 3.0)
    broker = node()
    with probe.topics_named("here"):
        await topics.ensure(broker.bootstrap, [CONTRACTS[PRODUCER]], partitions=1)
        log = KafkaLog(broker.bootstrap, "here", [FACTS])
        await log.open()
        before, given_up, after = (outgoing(number) for number in range(3))
        await log.publish([before])
        loop = asyncio.get_running_loop()
        began = loop.time()
        with silent(broker):
            with pytest.raises(TimeoutError):
                await log.publish([given_up])
            assert 3 <= loop.time() - began < 3 + kafka_log.ABORT + 1
            await log.close()
            assert not [task for task in asyncio.all_tasks() if "Sender._sender_routine" in repr(task)]

        await log.open()
        await log.publish([after])

        told = [record.key async for chunk, _ in log.read({}) for record in chunk]
        assert [str(record.subject).encode() for record in (before, after)] == told
        await log.close()


@contextlib.contextmanager
def silent(broker: KafkaNode) -> Iterator[None]:
    """It keeps its connections and answers nobody."""
    process = broker._child.process
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


async def test_a_reader_that_waits_for_its_broker_ends_alone(node: Callable[[], KafkaNode]) -> None:
    """Its stop raises the CancelledError of its own task, and leaves its connections to themselves."""
    broker = node()
    with probe.topics_named("here"):
        await topics.ensure(broker.bootstrap, [CONTRACTS[PRODUCER]], partitions=1)
        log = CommittedLog(broker.bootstrap, [FACTS])
        plain = log._made()
        await plain.start()
        await _wait_for_a_record(log, plain)
        async with log._reader() as ours:
            await _wait_for_a_record(log, ours)
            await asyncio.to_thread(broker.stop)
            await asyncio.sleep(0.5)
            with pytest.raises(asyncio.CancelledError):
                await plain.stop()
            assert not _ended(plain)
        assert _ended(ours)
        await end_reader(plain)


async def _wait_for_a_record(log: CommittedLog, reader: AIOKafkaConsumer) -> None:
    """It never comes."""
    reader.assign([log._partition_of((FACTS, 0))])
    await reader.getmany(timeout_ms=200)


def _ended(reader: AIOKafkaConsumer) -> bool:
    return reader._client._sync_task is None


async def test_a_consumer_whose_broker_is_away_leaves_nothing_behind(
    node: Callable[[], KafkaNode], database: "Callable[[str], ServiceUrls]"
) -> None:
    """FastStream takes the same CancelledError for its own, and forgets a reader that still asks for its broker."""
    broker, urls, table = node(), database(LISTENER), probe.listener()
    await probe.lay_out(urls, table)
    with probe.topics_named("here"):
        await topics.ensure(broker.bootstrap, [CONTRACTS[PRODUCER]], partitions=1)
        consuming = Consuming(broker.bootstrap, "here", urls, table)
        async with consuming.running() as consumer:
            await consuming.send(fact(ana := uuid4(), ana))
            await consuming.until_noted(ana, 1)
            reader = consumer._consumer()
            await asyncio.to_thread(broker.stop)
            await asyncio.sleep(0.5)
        assert _ended(reader)
