"""SIGTERM under load: what was acknowledged is published, nothing that was accepted fails, and the process ends."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from aiokafka import AIOKafkaConsumer
from msgspec import Struct
from tests.journeys.one_service import client, post, publish_school, published_keys, serving, until_it_takes_commands

from common import topics
from common.contracts.catalogue import CONTRACTS
from common.contracts.hr_networks import FACTS, CensusOpened
from common.local.children import Children, Reaper
from common.local.kafka import KafkaNode
from common.local.ports import free_ports
from common.migrate import ServiceUrls, register
from common.service import load

DRAIN_SECONDS = 5
CLIENTS = 4


class Load(Struct):
    """What the clients were told."""

    acknowledged: set[UUID] = set()
    failed: list[int] = []


@pytest.fixture
def children() -> Iterator[Children]:
    with Reaper() as found:
        yield found


@pytest.fixture
def broker(children: Children, tmp_path: Path) -> str:
    """One of its own: the service listens to topics by their real names."""
    port, controller = free_ports(2)
    node = KafkaNode(tmp_path / "kafka", port=port, controller_port=controller, log=tmp_path / "kafka.log")
    node.start(children)
    return node.bootstrap


async def test_what_was_acknowledged_before_the_stop_is_published_and_nothing_fails(
    database: Callable[[str], ServiceUrls], broker: str
) -> None:
    urls = database("hr_networks")
    await topics.ensure(broker, CONTRACTS.values(), partitions=3)
    await register(urls.owner, "hr_networks", load("hr_networks").table().names(), {})
    await publish_school(broker)
    told = Load()
    with published_keys() as keys, serving(urls, broker, keys, drain_seconds=str(DRAIN_SECONDS)) as (url, process):
        await until_it_takes_commands(url)
        clients = [asyncio.create_task(open_campaigns(url, told)) for _ in range(CLIENTS)]
        await asyncio.sleep(1.5)
        process.terminate()
        begun = time.monotonic()
        await asyncio.to_thread(process.wait, 2 * DRAIN_SECONDS)
        took = time.monotonic() - begun
        await asyncio.gather(*clients)

    assert process.returncode == 0
    assert took < 2 * DRAIN_SECONDS
    assert told.failed == []
    assert len(told.acknowledged) > 10
    assert told.acknowledged <= await opened(broker)


async def open_campaigns(url: str, told: Load) -> None:
    """One after the other until the service is gone; a connection that was refused acknowledged nothing."""
    async with client(url) as office:
        with suppress(httpx.TransportError):
            while True:
                answer = await post(office)
                if answer.status_code == 201:
                    told.acknowledged.add(UUID(answer.json()["id"]))
                else:
                    told.failed.append(answer.status_code)


async def opened(broker: str) -> set[UUID]:
    """The campaigns that the topic tells of, to readers of what is committed."""
    reader = AIOKafkaConsumer(
        FACTS, bootstrap_servers=broker, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    await reader.start()
    found: set[UUID] = set()
    while polled := await reader.getmany(timeout_ms=1000):
        for records in polled.values():
            found |= {UUID((r.key or b"").decode()) for r in records if type_of(r.headers) == CensusOpened.ce_type}
    await reader.stop()
    return found


def type_of(headers: Sequence[tuple[str, bytes]]) -> str:
    return dict(headers)["ce_type"].decode()
