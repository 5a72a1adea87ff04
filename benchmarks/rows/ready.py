"""How soon a platform that was killed is ready again, and how much memory its processes take."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from benchmarks.platform import platform
from benchmarks.row import Goal, Measure, Round, Row
from common.local.run_servers import RunServers


def told(order: str) -> Measure:
    @asynccontextmanager
    async def measure(_: RunServers) -> AsyncIterator[Callable[[], Awaitable[Round]]]:
        known = platform()

        async def ask() -> Round:
            return Round(await asyncio.to_thread(known.ask, order))

        yield ask

    return measure


ROWS = (
    Row(
        name="start of gateway and services, libraries imported",
        unit="s",
        reference="",
        goal=Goal(value_to=2),
        measure=told("restart"),
    ),
    Row(
        name="memory of gateway and services (PSS)",
        unit="MiB",
        reference="",
        goal=Goal(value_to=300),
        measure=told("memory"),
    ),
)
