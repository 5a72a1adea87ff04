"""From the scheduled sending of a command to its effect committed in another service's database, open loop."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from math import inf
from statistics import median, quantiles

from msgspec import Struct

from benchmarks.census import Census, Sent, begin
from benchmarks.platform import platform
from benchmarks.row import Goal, Measure, Round, Row
from common.local.run_servers import RunServers

SECONDS = 3.0  # of one round; at 200 a second no school answers twice in it
MS = 1000
SHARED = "two cores hold sender, gateway, services, databases and broker: each hop waits for its turn, « Sustained »"
FACTS: dict[int, list["Latencies"]] = {}  # per rate: the rounds so far, which the rows of one rate share


class Latencies(Struct, frozen=True):
    """Of one round's commands, in ms: until the HTTP answer, until the effect's commit; of one refused it is never."""

    http: list[float]
    effect: list[float]
    sender: float  # ms of processor time a command, of this process

    def p50(self) -> Round:
        return Round(median(self.effect), median(self.http), self.sender)

    def p99(self) -> Round:
        return Round(quantiles(self.effect, n=100)[98], quantiles(self.http, n=100)[98], self.sender)


@cache
def census() -> Census:
    return begin(platform())


@asynccontextmanager
async def warm() -> AsyncIterator[Census]:
    """The answers of another row may still be on their way."""
    under_way = census()
    if not under_way.heads[0].revision:
        await under_way.warm()
    assert await under_way.settled() == 0
    yield under_way
    under_way.disconnect()


async def open_loop(under_way: Census, rate: float, seconds: float) -> list[Sent]:
    """Commands are sent when they are due, whatever became of those before."""
    began, tasks = time.time() + 0.05, []
    for number in range(int(rate * seconds)):
        due = began + number / rate
        if (wait := due - time.time()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(under_way.answer(due)))
    return await asyncio.gather(*tasks)


async def one_round(under_way: Census, rate: int) -> Latencies:
    before = time.process_time()
    sent = await open_loop(under_way, rate, SECONDS)
    sender = MS * (time.process_time() - before) / len(sent)
    assert await under_way.settled() == 0
    committed = await under_way.committed()
    answers = [MS * (each.answered - each.due) if each.taken else inf for each in sent]
    effects = [MS * (committed[each.uai] - each.due) if each.taken else inf for each in sent]
    return Latencies(answers, effects, sender)


def at(rate: int, figure: Callable[[Latencies], Round]) -> Measure:
    @asynccontextmanager
    async def measure(_: RunServers) -> AsyncIterator[Callable[[], Awaitable[Round]]]:
        rounds, known = iter(range(1_000_000)), FACTS.setdefault(rate, [])
        async with warm() as under_way:

            async def next_round() -> Round:
                number = next(rounds)
                if number >= len(known):
                    known.append(await one_round(under_way, rate))
                return figure(known[number])

            yield next_round

    return measure


def row(rate: int, name: str, figure: Callable[[Latencies], Round], goal: Goal) -> Row:
    return Row(
        name=f"effect elsewhere at {rate}/s, {name}",
        unit="ms",
        reference=f"HTTP answer of the command, {name}",
        goal=goal,
        measure=at(rate, figure),
        why=SHARED,
    )


ROWS = (
    row(50, "p50", Latencies.p50, Goal(ratio_to=3)),
    row(100, "p50", Latencies.p50, Goal(value_to=15)),
    row(100, "p99", Latencies.p99, Goal(value_to=60)),
    row(200, "p50", Latencies.p50, Goal(ratio_to=3)),
    row(200, "p99", Latencies.p99, Goal(value_to=60)),
)
