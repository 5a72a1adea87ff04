"""A broker that does not let the relay publish: it concerns the configuration, and trying again would hide it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest
from tests.service.common import probe
from tests.service.common.probe import PRODUCER, fact

from common import metrics, topics
from common.contracts.catalogue import CONTRACTS, STREAMS
from common.contracts.hr_networks import FACTS
from common.db import Database
from common.local import kafka as local_kafka
from common.local.children import Reaper
from common.local.kafka import KafkaNode
from common.local.ports import free_ports
from common.relay import Relay

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

TOPIC, TRANSACTIONAL_ID, LITERAL, WRITE, DENY = 2, 5, 3, 4, 2  # of Kafka's protocol
STRICT = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "true",
}


@pytest.fixture
def strict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A broker of this test's own that asks for rights."""
    monkeypatch.setattr(local_kafka, "SETTINGS", {**local_kafka.SETTINGS, **STRICT})
    port, controller_port = free_ports(2)
    node = KafkaNode(tmp_path / "kafka", port=port, controller_port=controller_port, log=tmp_path / "kafka.log")
    with Reaper() as children:
        node.start(children)
        yield node.bootstrap
    metrics.relay_stopped.labels(PRODUCER).set(0)


async def forbid(kafka: str, kind: int, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        answer = await admin._send_request(CreateAclsRequest(kind, name, LITERAL, "User:ANONYMOUS", "*", WRITE, DENY))
        assert [made["error_code"] for made in answer.to_object()["creation_responses"]] == [0]
    finally:
        await admin.close()


async def stops(made: Relay, why: str) -> None:
    task = asyncio.create_task(made.run())
    try:
        await asyncio.wait_for(task, 15)
    finally:
        await probe.ended([task])
    assert made.stopped_for.startswith(why)
    assert metrics.relay_stopped.labels(PRODUCER)._value.get() == 1


async def test_a_relay_without_the_right_to_publish_stops_with_an_alert(
    strict: str, producer: Database, producer_urls: "ServiceUrls"
) -> None:
    with probe.topics_named("here"):
        await topics.ensure(strict, [CONTRACTS[PRODUCER]], partitions=1)
        await probe.command(producer, fact(uuid4(), uuid4()))

        await forbid(strict, TOPIC, STREAMS[FACTS].behind)
        await stops(probe.relay(producer_urls, strict, "here"), "TopicAuthorizationFailedError")

        await forbid(strict, TRANSACTIONAL_ID, f"bassin.{PRODUCER}.here")
        await stops(probe.relay(producer_urls, strict, "here"), "TransactionalIdAuthorizationFailed")
