"""Kafka acknowledges a commit before it is in the topics; killed in between it forgets it. Nothing is lost by that."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from tests.service.common import probe
from tests.service.common.probe import PRODUCER, fact
from tests.service.common.test_traps_of_aiokafka import outgoing

from common import envelope, metrics, topics
from common.committed_log import CommittedLog
from common.contracts.catalogue import CONTRACTS, STREAMS
from common.contracts.hr_networks import FACTS
from common.db import Database
from common.kafka_log import KafkaLog, TransactionLeftOpen
from common.local.kafka import KafkaNode

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

HERE = "here"
SUBJECTS = [uuid4() for _ in range(40)]  # in every partition: the more there are, the later is their commit in them
TRUSTING = {"transaction.partition.verification.enable": "false"}  # that a partition was named before it is written to
Started = Callable[..., KafkaNode]


@pytest.fixture
async def trusting(node: Started) -> AsyncIterator[str]:
    with probe.topics_named(HERE):
        broker = node(TRUSTING)
        await topics.ensure(broker.bootstrap, [CONTRACTS[PRODUCER]], partitions=1)
        yield broker.bootstrap


async def test_of_a_commit_that_it_had_acknowledged_when_it_was_killed_nothing_is_lost_or_told_twice(
    node: Started, producer_urls: "ServiceUrls", producer: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker, armed, killed = node(), asyncio.Event(), asyncio.Event()
    commit: Any = AIOKafkaProducer.commit_transaction

    async def killed_after(producer: AIOKafkaProducer) -> None:
        await commit(producer)
        if armed.is_set() and not killed.is_set():
            broker.kill()
            killed.set()

    monkeypatch.setattr(AIOKafkaProducer, "commit_transaction", killed_after)
    with probe.topics_named(HERE):
        await topics.ensure(broker.bootstrap, [CONTRACTS[PRODUCER]], partitions=12)
        running = asyncio.create_task(probe.relay(producer_urls, broker.bootstrap, HERE).run())
        await probe.command(producer, *(fact(subject, uuid4()) for subject in SUBJECTS))
        await probe.eventually(partial(drained, producer_urls))
        armed.set()
        await probe.command(producer, *(fact(subject, uuid4()) for subject in SUBJECTS))
        await asyncio.wait_for(killed.wait(), 15)
        await asyncio.to_thread(node)
        await probe.command(producer, *(fact(subject, uuid4()) for subject in SUBJECTS))

        await probe.eventually(partial(drained, producer_urls), within=60)
        told = await versions(broker.bootstrap)
        assert told == {subject: [1, 2, 3] for subject in SUBJECTS}
        await probe.ended([running])


async def test_one_of_an_older_relay_is_ended_by_the_next_one(trusting: str) -> None:
    await leave_open(trusting, f"bassin.{HERE}")
    before, log = ended(), KafkaLog(trusting, HERE, [FACTS])
    assert await keys(trusting) == []

    await log.open()
    await log.publish([after := outgoing(1)])
    await log.close()

    assert await keys(trusting) == [str(after.subject).encode()]
    assert ended() == before + 1


async def test_one_of_somebody_else_is_left_to_an_operator_and_nothing_is_published_behind_it(trusting: str) -> None:
    await leave_open(trusting, "somebody.else")
    log = KafkaLog(trusting, HERE, [FACTS])

    with pytest.raises(TransactionLeftOpen, match=STREAMS[FACTS].behind):
        await log.open()

    await log.close()


async def leave_open(kafka: str, name: str) -> None:
    """Kafka's coordinator does not hear of it, so nobody will end it."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=name)
    await producer.start()
    await producer.begin_transaction()
    manager: Any = producer._txn_manager
    manager._txn_partitions.add(TopicPartition(STREAMS[FACTS].behind, 0))
    await producer.send_and_wait(STREAMS[FACTS].behind, b"never seen", partition=0)
    manager._txn_partitions.clear()
    await producer.commit_transaction()
    await producer.stop()


def ended() -> float:
    return float(metrics.relay_left_open.labels(HERE)._value.get())


async def keys(kafka: str) -> list[bytes | None]:
    return [record.key async for chunk, _ in CommittedLog(kafka, [FACTS]).read({}) for record in chunk]


async def versions(kafka: str) -> dict[UUID, list[int]]:
    found: dict[UUID, list[int]] = {}
    async for chunk, _ in CommittedLog(kafka, [FACTS]).read({}):
        for record in chunk:
            said = envelope.read(record.headers)
            found.setdefault(said.subject, []).append(said.version)
    return found


async def drained(urls: "ServiceUrls") -> bool:
    return not await probe.query(urls, "SELECT 1 FROM infra.outbox LIMIT 1")
