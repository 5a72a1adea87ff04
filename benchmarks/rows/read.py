"""One read of a service, with all that stands before its handler, against the handler in a plain Litestar."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import msgspec

from benchmarks.census import Census, Head
from benchmarks.load import Asked
from benchmarks.nginx import listens
from benchmarks.platform import STATE
from benchmarks.reads import SERVICE, agent, for_service
from benchmarks.row import Goal, Round, Row
from benchmarks.rows.latency import warm
from common.identifiers import enc_hook
from common.local.children import Program, Reaper
from common.local.places import ROOT
from common.local.ports import LOOPBACK, free_ports
from common.local.run_servers import RunServers

SECONDS = 2.0  # of each side in one round


@contextmanager
def plain(census: Census, head: Head) -> Iterator[str]:
    [port] = free_ports(1)
    who = msgspec.json.encode(agent(head), enc_hook=enc_hook).decode()
    url = census.platform.at.databases[SERVICE]["app"]
    command = [sys.executable, "-m", "benchmarks.plain_service", str(port), url, who]
    with Reaper() as children:
        child = children.start(Program("plain service", command, STATE / "logs" / "plain.log", ROOT))
        child.wait_until(lambda: listens(port), within=20)
        yield f"http://{LOOPBACK}:{port}"


@asynccontextmanager
async def measure(_: RunServers) -> AsyncIterator[Callable[[], Awaitable[Round]]]:
    async with warm() as census:
        head = census.heads[0]
        with plain(census, head) as reference:

            async def one_round() -> Round:
                requests = for_service(census, [head])
                ours, theirs = Asked(census.platform.at.services[SERVICE], requests), Asked(reference, requests)
                try:
                    await ours.warm()
                    await theirs.warm()
                    return Round(await ours.throughput(SECONDS), await theirs.throughput(SECONDS))
                finally:
                    ours.close()
                    theirs.close()

            yield one_round


ROWS = (
    Row(
        name="one read of a service",
        unit="/s",
        reference="plain Litestar, the same handler and transaction",
        goal=Goal(ratio_from=0.8),
        measure=measure,
    ),
)
