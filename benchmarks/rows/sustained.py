"""How many commands a second the whole platform takes through the gateway, on this machine, with nothing lost."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from statistics import quantiles

from benchmarks.census import Census, Sent
from benchmarks.row import Goal, Round, Row
from benchmarks.rows.latency import open_loop, warm
from common.local.run_servers import RunServers

STEP = 50  # commands a second
SECONDS = 3.0  # of one step
PROMPT = 0.1  # seconds, at the 99th percentile


@asynccontextmanager
async def measure(_: RunServers) -> AsyncIterator[Callable[[], Awaitable[Round]]]:
    """Each round climbs from where the one before ended."""
    async with warm() as under_way:
        rate = 100

        async def highest() -> Round:
            nonlocal rate
            before, began = time.process_time(), under_way.turn
            while rate and not await holds(under_way, rate):
                rate -= STEP
            while await holds(under_way, rate + STEP):
                rate += STEP
            return Round(rate, sender=1000 * (time.process_time() - before) / (under_way.turn - began))

        yield highest


async def holds(under_way: Census, rate: int) -> bool:
    """Every command was taken, 99 of 100 within 100 ms of when they were due, and every effect came."""
    sent = await open_loop(under_way, rate, SECONDS)
    missing = await under_way.settled()
    assert missing == 0, f"{missing} effects are missing"
    return all(each.taken for each in sent) and late(sent) <= PROMPT


def late(sent: list[Sent]) -> float:
    return quantiles((each.answered - each.due for each in sent), n=100)[98]


WHY = "two cores hold sender, gateway, services, database and broker: see « What limits what »"
ROWS = (
    Row(
        name="sustained commands through the gateway, p99 <= 100 ms",
        unit="/s",
        reference="",
        goal=Goal(value_from=500),
        measure=measure,
        why=WHY,
    ),
)
