"""`bassin topics check`: a topic made by hand, or by default, is told before it loses a record."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from tests.service.common import probe
from tests.service.common.probe import PRODUCER
from tests.service.common.state.conftest import NOWHERE, State
from tests.service.common.terminal import Operator

from common.contracts.catalogue import CONTRACTS, STREAMS
from common.contracts.hr_networks import FACTS, PEOPLE


async def told(operator: Operator, scene: State) -> list[str]:
    """The lines about this test's own topics; the broker keeps those of other tests."""
    code, out, complaint = await operator("topics", "check", PRODUCER)
    assert (code, complaint) in {(0, ""), (1, "")}
    return [line.replace(f".{scene.suffix}", "") for line in out.splitlines() if scene.suffix in line]


async def test_topics_as_they_were_provisioned_are_as_declared(scene: State, operator: Operator) -> None:
    assert await told(operator, scene) == []


async def test_each_difference_is_a_line(scene: State, operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    facts, people = STREAMS[FACTS].behind, STREAMS[PEOPLE].behind
    [third] = [s.behind for s in CONTRACTS[PRODUCER].streams if s.name not in {FACTS, PEOPLE}]
    admin = AIOKafkaAdminClient(bootstrap_servers=scene.kafka)
    await admin.start()
    try:
        weekly = {"cleanup.policy": "delete", "min.insync.replicas": "1"}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, facts, weekly)])
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, people, weekly)])
        await admin.delete_topics([third])
        await admin.create_topics([NewTopic(f"{third}.2", 1, 1)])
        monkeypatch.setenv("BASSIN_REPLICATION", "3")
        await probe.eventually(lambda: tells(operator, scene, "max.compaction.lag.ms"), what="the broker obeys")
        found = await told(operator, scene)
    finally:
        await admin.delete_topics([f"{third}.2"])
        await admin.create_topics([NewTopic(third, 1, 1)])
        await admin.close()

    assert f"{FACTS}: retention.ms is 604800000, -1 declared" in found
    assert f"{FACTS}: min.insync.replicas is 1, 2 declared" in found
    assert f"{FACTS}: replicated 1, 3 declared" in found
    assert f"{PEOPLE}: cleanup.policy is delete, compact declared" in found
    assert f"{PEOPLE}: max.compaction.lag.ms is 9223372036854775807, 604800000 declared" in found
    name = third.replace(f".{scene.suffix}", "")
    assert f"{name}: is not there" in found
    assert f"{name}.2: no contract names it" in found


async def tells(operator: Operator, scene: State, word: str) -> bool:
    return any(word in line for line in await told(operator, scene))


async def test_partitions_are_those_of_the_deployment(
    scene: State, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASSIN_KAFKA", scene.kafka)

    assert f"{FACTS}: 3 partitions, 12 declared" in await told(operator, scene)
    monkeypatch.setenv("BASSIN_PARTITIONS", "3")
    assert await told(operator, scene) == []
    monkeypatch.setenv("BASSIN_PARTITIONS", "many")
    assert await operator("topics", "check") == (3, "", "BASSIN_PARTITIONS is no number: many")


async def test_what_cannot_be_asked_is_one_line(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    services = ", ".join(sorted(CONTRACTS))
    assert await operator("topics", "check", "nulle") == (2, "", f"no service nulle: {services}")
    monkeypatch.setenv("BASSIN_KAFKA", NOWHERE)

    code, _, complaint = await operator("topics", "check")

    assert code == 3
    assert complaint.startswith("the broker of the topics cannot be used (KafkaConnectionError): ")
    assert "\n" not in complaint
