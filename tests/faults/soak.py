"""F27: half of the load for a long time; nothing that is held may go on growing."""

import asyncio
import os
import random
import statistics
import time
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import combinations

import asyncpg
import psutil
from msgspec import Struct
from tests.faults.fault import Fault, Verdict
from tests.faults.stage import LISTENER, PRODUCER, Stage, until

from common.local.layout import GATEWAY

SECONDS = float(os.environ.get("FAULTS_SOAK_SECONDS", "120"))
WARM = 1 / 3  # of it, in which caches fill; the rest is judged
LOOK = SECONDS / 100  # seconds between two looks
CLIENTS = 4
FULL_LOAD = 5.0  # seconds in which it is found out what full load is
GROWTH = 0.05  # of the memory of a process, over the judged part
BLOAT = 2.0  # times what the live rows need
SMALL = 1 << 18  # bytes that any table may have: what is inserted and deleted between two visits of autovacuum
VACUUMED = 150.0  # seconds in which autovacuum comes by, by PostgreSQL's own settings


class Look(Struct, frozen=True):
    """What is held at one moment."""

    at: float
    memory: Mapping[str, float]  # service -> bytes of its process, what it shares with others in proportion (PSS)
    waiting: float  # events in the outbox


async def soak(stage: Stage, seed: int) -> Verdict:
    rng, verdict = random.Random(seed), Verdict()
    pause = await _half(stage, rng)
    begun, looks = time.monotonic(), list[Look]()
    async with stage.clients.writing(rng, clients=CLIENTS, pause=pause):
        while (since := time.monotonic() - begun) < SECONDS:
            looks.append(Look(since, await asyncio.to_thread(_memory, stage), await _waiting(stage)))
            await asyncio.sleep(LOOK)
    rate = len(stage.books.commands) / (SECONDS + FULL_LOAD)
    verdict.figures |= {"soaked s": SECONDS, "commands/s": rate}
    _judge([look for look in looks if look.at >= WARM * SECONDS], rate, verdict)
    verdict.broken += await stage.books.close()
    await _judge_tables(stage, verdict)
    return verdict


async def _half(stage: Stage, rng: random.Random) -> float:
    """Seconds that a client must wait between two commands to ask half of what is answered without waiting."""
    known = len(stage.clients.latencies)
    async with stage.clients.writing(rng, clients=CLIENTS):
        await asyncio.sleep(FULL_LOAD)
    return statistics.mean(stage.clients.latencies[known:])


def _memory(stage: Stage) -> dict[str, float]:
    return {who: psutil.Process(stage.process(who).pid).memory_full_info().pss for who in (*stage.urls, GATEWAY)}


async def _waiting(stage: Stage) -> float:
    [row] = await stage.query(PRODUCER, "SELECT count(*) AS n FROM infra.outbox")
    return float(row["n"])


# --- what must hold


def _judge(looks: Sequence[Look], rate: float, verdict: Verdict) -> None:
    for who in looks[0].memory:
        held = [(look.at, look.memory[who]) for look in looks]
        grown = risen(held) / statistics.median(memory for _, memory in held)
        verdict.figures[f"{who} grew"] = grown
        verdict.check(grown < GROWTH, f"the memory of {who} grew by {grown:.1%} in {held[-1][0] - held[0][0]:.0f} s")
    piled = risen([(look.at, look.waiting) for look in looks])
    verdict.figures["outbox grew"] = piled
    verdict.check(piled < rate, f"the outbox grew by {piled:.0f} events, more than a second's")


def risen(seen: Sequence[tuple[float, float]]) -> float:
    """By how much a value rose from the first look to the last, after the median of all slopes (Theil and Sen).

    A few looks at a bad moment do not move it, as they would the difference of two.
    """
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(seen, 2)]
    return statistics.median(slopes) * (seen[-1][0] - seen[0][0])


async def _judge_tables(stage: Stage, verdict: Verdict) -> None:
    """Each beside the same rows written anew."""
    worst, largest = 0.0, 0
    for service in stage.urls:
        passed = await until(partial(_vacuumed, stage, service), within=VACUUMED, every=1)
        verdict.check(passed < VACUUMED, f"autovacuum does not come by in {service}")
        for row in await stage.query(service, TABLES):
            times = row["size"] / max(SMALL, await _rewritten(stage, service, row["name"]))
            worst, largest = max(worst, times), max(largest, row["size"])
            verdict.check(times < BLOAT, f"{row['name']} of {service} takes {times:.1f} times what its rows need")
    verdict.figures |= {"tables, times their rows": worst, "largest table MB": largest / 1e6}


async def _vacuumed(stage: Stage, service: str) -> bool:
    """No table is due any more, by the settings that PostgreSQL comes with."""
    return not await stage.query(service, DUE)


async def _rewritten(stage: Stage, service: str, table: str) -> int:
    connection = await asyncpg.connect(stage.urls[service]["admin"])
    try:
        await connection.execute(f"CREATE TEMPORARY TABLE anew AS TABLE {table}")
        return int(await connection.fetchval("SELECT pg_relation_size('anew')"))
    finally:
        await connection.close()


TABLES = """
SELECT c.oid::regclass::text AS name, pg_relation_size(c.oid) AS size FROM pg_class c
WHERE c.relnamespace IN ('public'::regnamespace, 'infra'::regnamespace) AND c.relkind = 'r'
"""
DUE = """
SELECT FROM pg_stat_user_tables WHERE schemaname IN ('public', 'infra')
    AND n_dead_tup > current_setting('autovacuum_vacuum_threshold')::int
        + current_setting('autovacuum_vacuum_scale_factor')::float8 * n_live_tup
"""
FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F27",
        title=f"soak: half of the load for {SECONDS:.0f} s",
        run=soak,
        waits=True,
        busy=True,
        within=SECONDS + 300,
        moves=(f"{PRODUCER}:bassin_relay_published_total", f"{LISTENER}:bassin_inbox_applied_total"),
    ),
)
