"""The gateway before a service (tokens verified, signed anew) against nginx before the same."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from benchmarks.load import Asked, medians
from benchmarks.nginx import nginx
from benchmarks.reads import SERVICE, for_gateway, for_service
from benchmarks.row import Goal, Measure, Round, Row
from benchmarks.rows.latency import warm
from common.local.run_servers import RunServers

SECONDS = 2.0  # of each side in one round
AGENTS = 100  # who ask in turn: 20 requests a second are allowed to each
TIMES = 150  # requests of one client to each side in one round
MS = 1000
SEEN = 0.01  # ms: on a busy machine nginx seems to add less than nothing, which must not flatter us
Sides = tuple[Asked, Asked, Asked]  # through the gateway, through nginx, straight to the service


async def throughput(sides: Sides) -> Round:
    gateway, proxy, _ = sides
    return Round(await gateway.throughput(SECONDS), await proxy.throughput(SECONDS))


async def added(sides: Sides) -> Round:
    through_gateway, through_nginx, straight = await medians(sides, TIMES)
    return Round(MS * (through_gateway - straight), max(MS * (through_nginx - straight), SEEN))


def comparing(figure: Callable[[Sides], Awaitable[Round]]) -> Measure:
    @asynccontextmanager
    async def measure(_: RunServers) -> AsyncIterator[Callable[[], Awaitable[Round]]]:
        async with warm() as census:
            service = census.platform.at.services[SERVICE]
            with nginx(service) as proxy:

                async def one_round() -> Round:
                    """Internal tokens are made anew: they last no longer than a minute."""
                    heads = census.heads[:: len(census.heads) // AGENTS]
                    own, given = for_gateway(heads), for_service(census, heads)
                    sides = (Asked(census.platform.at.gateway, own), Asked(proxy, given), Asked(service, given))
                    try:
                        for side in sides:
                            await side.warm()
                        return await figure(sides)
                    finally:
                        for side in sides:
                            side.close()

                yield one_round

    return measure


ROWS = (
    Row(
        name="gateway throughput before a service",
        unit="/s",
        reference="nginx before the same",
        goal=Goal(ratio_from=0.7),
        measure=comparing(throughput),
    ),
    Row(
        name="gateway, added p50 at one client",
        unit="ms",
        reference="what nginx adds",
        goal=Goal(ratio_to=3),
        measure=comparing(added),
        why="0.7 ms of Python a request (ASGI, forwarding, token, limits, a log line) where nginx copies bytes",
    ),
)
