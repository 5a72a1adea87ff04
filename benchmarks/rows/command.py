"""The transaction of a command (a row, its event, its audit line, under RLS) against the same by other means."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias

import asyncpg

from benchmarks.decision import APPEND, AUDIT, KEEP, Decision, tell
from benchmarks.filled import fill
from benchmarks.orm import with_orm
from benchmarks.pgbench import pgbench_command, transactions_a_second
from benchmarks.row import Goal, Measure, Round, Row
from common.clock import Clock
from common.db import Database, connect
from common.local.clones import clones
from common.local.run_servers import RunServers
from common.migrate import ServiceUrls

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Commit: TypeAlias = Callable[[Decision], Awaitable[None]]
Rate: TypeAlias = Callable[[], Awaitable[float]]  # transactions a second
WORKERS = 8  # transactions under way
FEW = 500  # rows of an académie at x1
ACADEMIES = [f"{number:02}" for number in range(9, 29)]
SECONDS = 1.5  # of each side in one round


def ours(pool: Pool) -> Commit:
    db = Database("hr_networks", pool, Clock())

    async def commit(decision: Decision) -> None:
        async with db.transaction(decision.agent) as tx:
            await tx.execute(KEEP, *decision.row)
            tell(tx, decision)

    return commit


def bare(pool: Pool) -> Commit:
    """As one writes it by hand: each statement prepared, and sent when its turn comes."""

    async def commit(decision: Decision) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT set_config('bassin.academies', $1, true)", decision.academie)
            await connection.execute(KEEP, *decision.row)
            await connection.execute(APPEND, *decision.event)
            await connection.execute(AUDIT, *decision.audit)

    return commit


@asynccontextmanager
async def bare_rate(urls: ServiceUrls) -> AsyncIterator[Rate]:
    async with await connect(urls.app, size=WORKERS) as pool:
        yield lambda: throughput(bare(pool))


@asynccontextmanager
async def orm_rate(urls: ServiceUrls) -> AsyncIterator[Rate]:
    async with with_orm(urls, WORKERS) as commit:
        yield lambda: throughput(commit)


@asynccontextmanager
async def pgbench_rate(urls: ServiceUrls) -> AsyncIterator[Rate]:
    command = pgbench_command(urls, WORKERS, SECONDS)
    yield lambda: transactions_a_second(command)


async def throughput(commit: Commit) -> float:
    """Transactions a second."""
    done, until = 0, time.perf_counter() + SECONDS

    async def work() -> None:
        nonlocal done
        while time.perf_counter() < until:
            await commit(Decision.draw())
            done += 1

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(WORKERS)))
    return done / (time.perf_counter() - began)


def against(reference: Callable[[ServiceUrls], AbstractAsyncContextManager[Rate]]) -> Measure:
    @asynccontextmanager
    async def measure(servers: RunServers) -> AsyncIterator[Callable[[], Awaitable[Round]]]:
        with clones(servers) as clone:
            urls = clone("hr_networks")
            async with await connect(urls.app, size=WORKERS) as pool, reference(urls) as theirs:

                async def one_round() -> Round:
                    return Round(await throughput(ours(pool)), await theirs())

                yield one_round

    return measure


def row(
    reference: str, goal: Goal, rate: Callable[[ServiceUrls], AbstractAsyncContextManager[Rate]], why: str = ""
) -> Row:
    return Row(
        name=f"command transaction, against {reference.partition(',')[0]}",
        unit="/s",
        reference=reference,
        goal=goal,
        measure=against(rate),
        why=why,
    )


def grown(name: str, academies: int, rows: int, floor: float) -> Row:
    """Against two académies with as few rows as a first month leaves, in a database of its own."""

    @asynccontextmanager
    async def measure(servers: RunServers) -> AsyncIterator[Callable[[], Awaitable[Round]]]:
        with clones(servers) as clone:
            large, small = clone("hr_networks"), clone("hr_networks")
            await fill(servers, large, ACADEMIES[:academies], rows)
            await fill(servers, small, ACADEMIES[:2], FEW)
            async with await connect(large.app, size=WORKERS) as many, await connect(small.app, size=WORKERS) as few:

                async def one_round() -> Round:
                    return Round(await throughput(ours(many)), await throughput(ours(few)))

                yield one_round

    return Row(
        name=f"command transaction, {name}",
        unit="/s",
        reference="the same at x1",
        goal=Goal(ratio_from=floor),
        measure=measure,
    )


SHARED = "three fifths of our processor time are PostgreSQL executing the statements, which the ORM has it do too"
ROWS = (
    row("bare asyncpg, the same statements one by one", Goal(ratio_from=0.9), bare_rate),
    row("SQLAlchemy ORM on asyncpg", Goal(ratio_from=4), orm_rate, SHARED),
    row("pgbench -M prepared", Goal(), pgbench_rate),
    grown("rows x100", 2, 100 * FEW, 0.8),
    grown("académies x10", 20, FEW, 0.9),
)
