"""What the tests of the core stand on: a producer's and a listener's databases."""

import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.service.common import probe
from tests.service.common.consuming import Consume, Consuming
from tests.service.common.listening import Listening
from tests.service.common.probe import LISTENER, PRODUCER

from common.db import Database
from common.local.children import Reaper
from common.local.kafka import KafkaNode
from common.local.ports import free_ports

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

Listen = Callable[..., Awaitable[Listening]]


@pytest.fixture
async def listen(database: "Callable[[str], ServiceUrls]") -> AsyncIterator[Listen]:
    """`await listen()`, or `await listen(do)` with what it does when a census opens."""
    async with AsyncExitStack() as ends:

        async def start(do: probe.Doing = probe.nothing) -> Listening:
            urls, table = database(LISTENER), probe.listener(do)
            await probe.lay_out(urls, table)
            found = Listening(urls, await ends.enter_async_context(probe.opened(LISTENER, urls, size=4)), table)
            await found.assign()
            return found

        yield start


@pytest.fixture
def producer_urls(database: "Callable[[str], ServiceUrls]") -> "ServiceUrls":
    return database(PRODUCER)


@pytest.fixture
async def producer(producer_urls: "ServiceUrls") -> AsyncIterator[Database]:
    """A service that publishes."""
    async with probe.opened(PRODUCER, producer_urls) as db:
        yield db


@pytest.fixture
async def consume(kafka: str, database: "Callable[[str], ServiceUrls]") -> AsyncIterator[Consume]:
    """`await consume()`: a listener's database, and topics that no other test knows."""
    async with AsyncExitStack() as ends:

        async def start(do: probe.Doing = probe.nothing, *, partitions: int = 1) -> Consuming:
            suffix = await ends.enter_async_context(probe.own_topics(kafka, partitions=partitions))
            urls, table = database(LISTENER), probe.listener(do)
            await probe.lay_out(urls, table)
            return Consuming(kafka, suffix, urls, table)

        yield start


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Callable[..., KafkaNode]]:
    """Starts a broker of this test's own, with settings if it is given any; again at the same address, as it was."""
    port, controller_port = free_ports(2)
    home, log = tmp_path / "kafka", tmp_path / "kafka.log"
    with Reaper() as children:

        def start(settings: Mapping[str, str | int] | None = None) -> KafkaNode:
            made = KafkaNode(home, port=port, controller_port=controller_port, log=log, settings=settings)
            made.start(children)
            return made

        yield start
    gc.collect()  # of each future given up a traceback is formatted; within an ast.parse Python 3.11 ends at that
