"""The bound of the outbox: with the broker dead commands are taken until too much is unpublished, then again."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from tests.journeys.one_service import (
    CAMPAIGNS,
    client,
    post,
    publish_school,
    published_keys,
    serving,
    until_it_takes_commands,
)

from common import topics
from common.contracts.catalogue import CONTRACTS
from common.local.children import Children, Reaper
from common.local.kafka import KafkaNode
from common.local.ports import free_ports
from common.migrate import ServiceUrls, register
from common.service import load

BOUND = 3.0  # seconds
WITHIN = 30.0  # seconds for what takes three on a quiet machine


@pytest.fixture
def children() -> Iterator[Children]:
    with Reaper() as found:
        yield found


@pytest.fixture
def node(children: Children, tmp_path: Path) -> KafkaNode:
    port, controller = free_ports(2)
    found = KafkaNode(tmp_path / "kafka", port=port, controller_port=controller, log=tmp_path / "kafka.log")
    found.start(children)
    return found


async def test_writes_are_suspended_beyond_the_bound_and_go_on_by_themselves(
    database: Callable[[str], ServiceUrls], node: KafkaNode, children: Children
) -> None:
    urls = database("hr_networks")
    await topics.ensure(node.bootstrap, CONTRACTS.values(), partitions=3)
    await register(urls.owner, "hr_networks", load("hr_networks").table().names(), {})
    await publish_school(node.bootstrap)
    settings = {"outbox_bound_seconds": str(BOUND)}
    with published_keys() as keys, serving(urls, node.bootstrap, keys, **settings) as (url, _):
        await until_it_takes_commands(url)
        async with client(url) as office:
            node.kill()
            assert (await post(office, "before")).status_code == 201  # the broker is not asked
            assert_suspended(await until(office, "before", 503))
            assert (await post(office, "during")).status_code == 503
            assert await campaigns(office) == 2

            node.start(children)
            accepted = await until(office, "during", 201)
            assert (await post(office, "during")).content == accepted.content
            assert (await post(office, "before")).status_code == 201
            assert await campaigns(office) == 3


async def until(office: httpx.AsyncClient, key: str, status: int) -> httpx.Response:
    """The same demand again and again; one that was answered before changes nothing when it is let through."""
    deadline = time.monotonic() + WITHIN
    while (answer := await post(office, key)).status_code != status:
        assert time.monotonic() < deadline, f"no {status} but {answer.status_code}: {answer.text}"
        await asyncio.sleep(0.2)
    return answer


def assert_suspended(answer: httpx.Response) -> None:
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "60"
    assert msgspec.json.decode(answer.content)["type"] == "/problems/outbox-behind"


async def campaigns(office: httpx.AsyncClient) -> int:
    """A read, which no bound holds up."""
    answer = await office.get(CAMPAIGNS, params={"limit": "100"})
    assert answer.status_code == 200, answer.text
    return len(answer.json()["items"])
