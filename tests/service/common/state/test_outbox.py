"""`bassin outbox`: what waits, since when and for whose relay; told without a broker."""

import asyncio
import socket
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from tests.service.common import probe
from tests.service.common.probe import LISTENER, PRODUCER, fact
from tests.service.common.state.conftest import NOWHERE, State
from tests.service.common.terminal import Operator

from common.kafka_log import KafkaLog
from common.relay import Relay


async def told(operator: Operator) -> dict[str, Any]:
    code, out, complaint = await operator("outbox", PRODUCER, "--json")
    assert (code, complaint) == (0, "")
    [found] = msgspec.json.decode(out)
    assert isinstance(found, dict)
    return found


async def test_with_the_broker_down_it_tells_what_waits_and_for_whom(scene: State, operator: Operator) -> None:
    async with probe.opened(PRODUCER, scene.producer) as db:
        await probe.command(db, fact(uuid4(), uuid4()), fact(uuid4(), uuid4()))
    relays = [Relay(service=PRODUCER, url=scene.producer.relay, log=nowhere(), wake=asyncio.Event()) for _ in "ab"]
    async with relays[0].owner():
        second = asyncio.create_task(relays[1].run())
        try:
            await probe.eventually(lambda: stands_by(operator), what="the second relay waits for the lock")
            found = await told(operator)
            rows = await probe.query(scene.producer, HOLDER)
        finally:
            await probe.ended([second])

    assert (found["service"], found["depth"], found["standing_by"]) == (PRODUCER, 2, 1)
    assert 0 <= found["oldest_seconds"] < 60
    owner = found["owner"]
    assert owner["application"] == f"bassin.{PRODUCER}.relay@{socket.gethostname()}"[:63]
    assert (owner["address"], owner["pid"]) == ("127.0.0.1", rows[0]["pid"])
    assert owner["connected_at"]


HOLDER = """
SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database
WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.granted
"""


async def stands_by(operator: Operator) -> bool:
    return bool((await told(operator))["standing_by"])


def nowhere() -> KafkaLog:
    return KafkaLog(NOWHERE, PRODUCER, [])


async def test_nobody_at_work_and_nothing_to_publish_is_said_so(scene: State, operator: Operator) -> None:
    found = await told(operator)
    assert (found["depth"], found["oldest_seconds"], found["owner"], found["standing_by"]) == (0, 0.0, None, 0)

    code, out, _ = await operator("outbox")

    assert code == 0
    rows = [[cell.strip() for cell in row.split("│")[1:5]] for row in out.splitlines() if row.startswith("│")]
    assert rows == [[PRODUCER, "0", "0.0", "nobody"], [LISTENER, "0", "0.0", "nobody"]]


async def test_of_a_database_that_is_away_the_others_are_told_all_the_same(
    scene: State, operator: Operator, tmp_path: Path
) -> None:
    run = msgspec.json.decode((tmp_path / "run.json").read_bytes())
    run["services"][PRODUCER]["relay"] = "postgresql://nobody@127.0.0.1:1/nothing"
    (tmp_path / "run.json").write_bytes(msgspec.json.encode(run))

    code, out, complaint = await operator("outbox", "--json")

    assert code == 3
    assert complaint.startswith(f"the database of {PRODUCER} cannot be used (ConnectionRefusedError): ")
    assert "\n" not in complaint
    assert [one["service"] for one in msgspec.json.decode(out)] == [LISTENER]
