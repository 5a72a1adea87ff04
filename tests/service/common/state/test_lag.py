"""`bassin lag`: as the database says, whatever the group's offsets in Kafka are; in records and in seconds."""

import asyncio
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from tests.service.common import probe
from tests.service.common.probe import LISTENER, PRODUCER, fact
from tests.service.common.state.conftest import NOWHERE, State
from tests.service.common.terminal import Operator

from common.contracts.hr_networks import FACTS

AT = 'INSERT INTO infra."offset" VALUES ($1, $2, $3, $4)'


async def places(operator: Operator, *arguments: str, status: int = 0) -> dict[tuple[str, int], dict[str, Any]]:
    code, out, complaint = await operator("lag", LISTENER, "--json", *arguments)
    assert (code, complaint) == (status, "")
    return {(place["stream"], place["partition"]): place for place in msgspec.json.decode(out)}


async def test_the_database_s_place_counts_and_not_what_kafka_remembers(scene: State, operator: Operator) -> None:
    consuming = scene.consuming()
    await consuming.send(*(fact(uuid4(), uuid4()) for _ in range(5)))
    await consuming.pretend_committed(5)
    await probe.query(scene.listener, AT, LISTENER, FACTS, 0, 2)
    await asyncio.sleep(0.3)

    found = await places(operator)

    behind = found[FACTS, 0]
    assert (behind["end"], behind["next"], behind["records"]) == (5, 2, 3)
    assert 0.3 <= behind["seconds"] < 60
    assert all(place["records"] == 0 for where, place in found.items() if where != (FACTS, 0))
    assert {stream for stream, _ in found} == set(consuming.table.streams)


async def test_the_markers_of_transactions_are_no_lag(scene: State, operator: Operator) -> None:
    consuming = scene.consuming()
    record = consuming.producer.send(fact(uuid4(), uuid4()))
    await consuming.publish(record, transactional_id=f"of-{scene.suffix}")
    await probe.query(scene.listener, AT, LISTENER, FACTS, 0, 1)

    behind = (await places(operator))[FACTS, 0]

    assert (behind["end"], behind["next"], behind["records"], behind["seconds"]) == (2, 1, 0, 0.0)


async def test_more_than_what_is_allowed_is_status_1(scene: State, operator: Operator) -> None:
    await scene.consuming().send(*(fact(uuid4(), uuid4()) for _ in range(5)))

    await places(operator, "--over", "5")
    await places(operator, "--over", "4", status=1)


async def test_a_log_that_lost_what_was_read_is_status_1(scene: State, operator: Operator) -> None:
    await probe.query(scene.listener, AT, LISTENER, FACTS, 0, 7)

    assert (await places(operator, status=1))[FACTS, 0]["records"] == -7


async def test_what_a_person_reads_names_every_service_of_the_demo(scene: State, operator: Operator) -> None:
    code, out, _ = await operator("lag")

    assert code == 0
    assert {row.split()[1] for row in out.splitlines() if row.startswith("│")} == {LISTENER, PRODUCER}


async def test_a_broker_that_is_down_is_one_line(
    scene: State, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("DATABASE_URL", scene.listener.app), ("KAFKA", NOWHERE), ("ACADEMIES", "09")):
        monkeypatch.setenv(f"BASSIN_{name}", value)

    code, _, complaint = await operator("lag", LISTENER)

    assert code == 3
    assert complaint.startswith("the broker of training cannot be used (KafkaConnectionError): ")
    assert "\n" not in complaint
    assert (await operator("lag"))[::2] == (2, "which service? BASSIN_DATABASE_URL is the database of one: name it")
    monkeypatch.delenv("BASSIN_KAFKA")
    assert (await operator("lag", LISTENER))[::2] == (3, "BASSIN_KAFKA is missing")
