"""What Kafka and aiokafka 0.14 do with times, batches and transactions; and what ours do about it."""

import asyncio
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from inspect import signature
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import InvalidTimestampError, ProducerFenced
from tests.service.common import probe
from tests.service.common.probe import LILLE, PRODUCER

from common import outbox
from common.clock import Clock
from common.contracts.catalogue import STREAMS
from common.contracts.hr_networks import FACTS
from common.db import Database, connect
from common.kafka_log import KafkaLog, Outgoing

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

THIRTY_DAYS = 30 * 24 * 3600 * 1000  # ms
GOLDEN = datetime(2007, 10, 26, 8, 0, tzinfo=UTC)  # the day of the letter that the golden scenario replays


async def test_a_record_dated_thirty_days_ahead_is_refused(kafka: str) -> None:
    """Trap aiokafka 6."""
    topic = f"trap-{secrets.token_hex(4)}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await admin.start()
    await producer.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
        with pytest.raises(InvalidTimestampError):
            await producer.send_and_wait(topic, b"1", timestamp_ms=int(time.time() * 1000) + THIRTY_DAYS)
    finally:
        await producer.stop()
        await admin.delete_topics([topic])
        await admin.close()


async def test_our_topics_take_a_record_from_a_clock_that_is_hours_ahead(kafka: str) -> None:
    """The same trap: a broker of today refuses even an hour, unless it dates records itself."""
    ahead = int(time.time() * 1000) + 2 * 3600 * 1000
    async with probe.own_topics(kafka, partitions=1):
        producer = AIOKafkaProducer(bootstrap_servers=kafka)
        await producer.start()
        try:
            kept = await producer.send_and_wait(STREAMS[FACTS].behind, b"1", timestamp_ms=ahead)
        finally:
            await producer.stop()

    assert kept.timestamp_type == 1  # LogAppendTime
    assert kept.timestamp < ahead - 3600 * 1000


async def test_a_fact_of_2007_lies_on_the_topic_under_the_time_of_the_system(
    kafka: str, database: "Callable[[str], ServiceUrls]"
) -> None:
    """Trap aiokafka 6: under its own, a broker that keeps seven days would delete it within seconds."""
    urls, subject = database(PRODUCER), uuid4()
    async with probe.own_topics(kafka, partitions=1) as suffix:
        pool = await connect(urls.app)
        async with Database(PRODUCER, pool, Clock(at=GOLDEN)).batch([LILLE]) as tx:
            outbox.append(tx, LILLE, [probe.fact(subject, subject)])
        await pool.close()
        relay = asyncio.create_task(probe.relay(urls, kafka, suffix).run())
        consumer = AIOKafkaConsumer(STREAMS[FACTS].behind, bootstrap_servers=kafka, auto_offset_reset="earliest")
        await consumer.start()
        try:
            async with asyncio.timeout(15):
                record = await consumer.getone()
        finally:
            await consumer.stop()
            await probe.ended([relay])

    assert dict(record.headers)["ce_time"] == b"2007-10-26T08:00:00.000Z"
    assert abs(record.timestamp / 1000 - time.time()) < 60


def test_it_ships_no_types_hence_the_settings_of_mypy() -> None:
    """Trap aiokafka 6."""
    assert not files("aiokafka").joinpath("py.typed").is_file()


async def test_ours_are_hand_made_batches(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trap aiokafka 4: `send` is several times slower, one by one twenty to thirty times."""
    monkeypatch.delattr(AIOKafkaProducer, "send")
    monkeypatch.delattr(AIOKafkaProducer, "send_and_wait")
    async with probe.own_topics(kafka, partitions=1) as suffix:
        log = KafkaLog(kafka, suffix, [FACTS])
        await log.open()
        after = await log.publish([outgoing(number) for number in range(50)])
        await log.close()

    assert after == {(FACTS, 0): 50}


async def test_a_dead_relays_transaction_holds_readers_back_until_the_next_one_opens(kafka: str) -> None:
    """Trap aiokafka 5: the same transactional id ends it at once; without, ten seconds do."""
    async with probe.own_topics(kafka, partitions=1) as suffix:
        topic, name = STREAMS[FACTS].behind, f"bassin.{suffix}"
        dead = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=name)
        await dead.start()
        await dead.begin_transaction()
        await dead.send_and_wait(topic, b"never committed")
        other = AIOKafkaProducer(bootstrap_servers=kafka)
        await other.start()
        await other.send_and_wait(topic, b"of somebody else")
        await other.stop()

        assert await heard(kafka, topic, within=0.5) == []
        log = KafkaLog(kafka, suffix, [FACTS])
        await log.open()
        assert await heard(kafka, topic, within=10) == [b"of somebody else"]
        with pytest.raises(ProducerFenced):
            await dead.commit_transaction()
        await log.close()
        await dead.stop()


async def test_ours_times_out_after_ten_seconds(kafka: str) -> None:
    """Trap aiokafka 5: its default is a minute."""
    assert signature(AIOKafkaProducer).parameters["transaction_timeout_ms"].default == 60_000
    async with probe.own_topics(kafka, partitions=1) as suffix:
        log = KafkaLog(kafka, suffix, [FACTS])
        await log.open()
        manager: Any = log._producer and log._producer._txn_manager
        assert manager.transaction_timeout_ms == 10_000
        await log.close()


async def heard(kafka: str, topic: str, *, within: float) -> list[bytes | None]:
    """What a read_committed reader gets first, or nothing."""
    reader = AIOKafkaConsumer(
        topic, bootstrap_servers=kafka, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    await reader.start()
    try:
        async with asyncio.timeout(within):
            return [(await reader.getone()).value]
    except TimeoutError:
        return []
    finally:
        await reader.stop()


def outgoing(number: int) -> Outgoing:
    return Outgoing(number, uuid4(), FACTS, uuid4(), 1, "{}", b"{}")
