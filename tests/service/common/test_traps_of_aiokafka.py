"""What Kafka does with a record's own time, and that ours is the system's whatever the business clock says."""

import asyncio
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import InvalidTimestampError
from tests.service.common import probe
from tests.service.common.probe import LILLE, PRODUCER

from common import outbox
from common.clock import Clock
from common.contracts.catalogue import STREAMS
from common.contracts.hr_networks import FACTS
from common.db import Database, connect

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

THIRTY_DAYS = 30 * 24 * 3600 * 1000  # ms
GOLDEN = datetime(2007, 10, 26, 8, 0, tzinfo=UTC)  # the day of the letter that the golden scenario replays


async def test_a_record_dated_thirty_days_ahead_is_refused(kafka: str) -> None:
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


async def test_a_fact_of_2007_lies_on_the_topic_under_the_time_of_the_system(
    kafka: str, database: "Callable[[str], ServiceUrls]"
) -> None:
    """Under its own, a broker that keeps seven days would delete it within seconds."""
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
    assert not files("aiokafka").joinpath("py.typed").is_file()
