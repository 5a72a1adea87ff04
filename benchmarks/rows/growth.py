"""What ten times the backlog, a hundred times the rows and ten times the académies leave of the same figures."""

import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from tests.service.common.listening import Listening

from benchmarks.listeners import listening, reacting
from benchmarks.outboxes import answered, filled
from benchmarks.row import Goal, Measure, Round, Row
from common.consumer import RECORDS
from common.identifiers import CodeAcademie
from common.local.run_servers import RunServers

BACKLOG, TEN = 4_000, 10
ROWS_BEFORE, HUNDRED = 2_000, 100
BATCHES = 3
TWO = tuple(map(CodeAcademie, ("09", "20")))
TWENTY = tuple(CodeAcademie(f"{number:02}") for number in (*range(1, 20), 20))
CHANCE = random.Random(5)  # noqa: S311 - an order, no secret


@asynccontextmanager
async def backlog(servers: RunServers) -> AsyncIterator[Callable[[], Awaitable[Round]]]:
    async with filled(servers) as outbox:

        async def drained(number: int) -> float:
            await outbox.fill(number)
            return await outbox.drain(number)

        async def one_round() -> Round:
            small = await drained(BACKLOG)
            return Round(await drained(TEN * BACKLOG), small)

        yield one_round


@asynccontextmanager
async def rows(servers: RunServers) -> AsyncIterator[Callable[[], Awaitable[Round]]]:
    table = reacting()
    async with listening(servers, table) as few, listening(servers, table) as many:
        await hold(few, ROWS_BEFORE)
        await hold(many, HUNDRED * ROWS_BEFORE)
        yield lambda: both(many, few, TWO[:1], TWO[:1])


@asynccontextmanager
async def academies(servers: RunServers) -> AsyncIterator[Callable[[], Awaitable[Round]]]:
    table = reacting()
    async with listening(servers, table) as two, listening(servers, table) as twenty:
        twenty.inbox = twenty.replica(*TWENTY)
        await twenty.assign()
        yield lambda: both(twenty, two, TWENTY, TWO)


async def hold(listener: Listening, number: int) -> None:
    """As many rows in the table, in the marks and in the versions as if they had been heard."""
    for table in (ANSWERS, MARKS, VERSIONS):
        await listener.query(table, number)
    await listener.query("ANALYZE")


async def both(
    grown: Listening, before: Listening, grown_of: Sequence[CodeAcademie], before_of: Sequence[CodeAcademie]
) -> Round:
    return Round(await rate(grown, grown_of), await rate(before, before_of))


async def rate(listener: Listening, of: Sequence[CodeAcademie]) -> float:
    """Reactions a second, to facts of these académies in no order."""
    batches = [
        [listener.producer.send(answered(), headers={"ce_academie": CHANCE.choice(of)}) for _ in range(RECORDS)]
        for _ in range(BATCHES)
    ]
    [before] = await listener.query(HEARD)
    began = time.perf_counter()
    for batch in batches:
        await listener.hear(*batch)
    took = time.perf_counter() - began
    [after] = await listener.query(HEARD)
    assert after[0] - before[0] == BATCHES * RECORDS, "some were not applied"
    return BATCHES * RECORDS / took


HEARD = "SELECT count(*) FROM answer"
ANSWERS = "INSERT INTO answer SELECT '09', gen_random_uuid(), 1, '0590318A', 2 FROM generate_series(1, $1::int)"
MARKS = """
INSERT INTO infra.inbox SELECT 'training', 'bassin.hr_networks', gen_random_uuid(), 1, gen_random_uuid()
FROM generate_series(1, $1::int)
"""
VERSIONS = """
INSERT INTO infra.aggregate SELECT 'bassin.training', gen_random_uuid(), 1 FROM generate_series(1, $1::int)
"""


def row(name: str, unit: str, reference: str, floor: float, measure: Measure, *, why: str = "") -> Row:
    goal = Goal(ratio_from=floor)
    return Row(name=f"growth: {name}", unit=unit, reference=reference, goal=goal, measure=measure, why=why)


SEE = "whose rows are seen is set for each académie of a batch, one round trip each: twenty against two"
ROWS = (
    row("relay, backlog x10", "events/s", f"a backlog of {BACKLOG:,}", 0.95, backlog),
    row("reaction, rows x100", "events/s", f"beside {ROWS_BEFORE:,} rows", 0.8, rows),
    row("reaction, académies x10", "events/s", "facts of two académies", 0.9, academies, why=SEE),
)
