"""The embedded Apache Kafka: what it is told it keeps, and it makes no topic by itself."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from common.local.children import Children, Reaper
from common.local.kafka import KafkaNode
from common.local.ports import free_ports


@pytest.fixture
def children() -> Iterator[Children]:
    with Reaper() as children:
        yield children


def node(home: Path) -> KafkaNode:
    port, controller_port = free_ports(2)
    return KafkaNode(home / "kafka", port=port, controller_port=controller_port, log=home / "kafka.log")


async def test_a_record_survives_a_restart_on_other_ports(tmp_path: Path, children: Children) -> None:
    first = node(tmp_path)
    first.start(children)
    await _create_topic(first.bootstrap, "kept")
    await _send(first.bootstrap, "kept", b"a fact")
    first.stop()

    second = node(tmp_path)
    second.start(children)

    assert await _first_record(second.bootstrap, "kept") == b"a fact"


async def test_a_topic_that_nobody_created_does_not_exist(kafka: str) -> None:
    with pytest.raises(KafkaError):
        await _send(kafka, f"misspelt-{secrets.token_hex(4)}", b"lost")


async def _create_topic(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()


async def _send(bootstrap: str, topic: str, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, request_timeout_ms=2000)
    await producer.start()
    try:
        await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


async def _first_record(bootstrap: str, topic: str) -> bytes | None:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.seek_to_beginning()
        record = await consumer.getone()
        return record.value
    finally:
        await consumer.stop()
