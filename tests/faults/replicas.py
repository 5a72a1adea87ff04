"""F13, F14: a group whose member takes long over a record, and one whose members come and go."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
from aiokafka import TopicPartition
from tests.faults.fault import Fault, Verdict
from tests.faults.stage import LISTENER, PRODUCER, Stage, until
from tests.service.common import groups

from common import outbox
from common.clock import Clock
from common.consumer import Consumer
from common.contracts.hr_networks import CensusAnswered, PersonLinked
from common.db import Database, connect
from common.identifiers import CodeAcademie
from common.local.places import STATE
from common.local.serving import serve
from common.service import load

SECOND = f"{LISTENER}#2"
SLOW = 30.0  # seconds that one record takes
AGAIN = 60.0  # seconds; after a carrier the listener first reads its topics once more, from their beginnings
BACKLOG = 30_000  # events, so that the rate is the listener's own
CHURN, EVERY = 60.0, 2.0  # seconds that replicas come and go, and after how many each
LEAST = 0.3  # of the rate without it
LILLE = CodeAcademie("09")


async def take_long(stage: Stage, seed: int) -> Verdict:
    """Heartbeats go on meanwhile: the group keeps its member, other partitions flow, nothing is done twice.

    In every other schedule a replica joins meanwhile: the group does not wait for the slow one, which comes back.
    """
    rng, verdict, joins = random.Random(seed), Verdict(), bool(seed % 2)
    armed, dealt = STATE / f"armed-{seed}", STATE / f"dealt-{seed}"
    arguments = "tests.faults.replicas:slow", str(armed), str(dealt)
    await stage.terminate(LISTENER)
    async with _replicas(stage, *arguments, number=1 if joins else 2):
        assert await stage.books.settle() < float("inf")
        before = _lines(dealt)
        async with stage.clients.writing(rng, pause=0.1):
            armed.touch()
            taken = await until(lambda: _gone(armed), within=AGAIN)
            verdict.check(taken < AGAIN, "no record was taken long over")
            begun = time.monotonic()
            if joins:
                await stage.start(SECOND, *arguments)
            await asyncio.sleep(begun + SLOW + 2 - time.monotonic())
        dealings = max(_lines(dealt)[pid] - before.get(pid, 0) for pid in _lines(dealt))
        verdict.check(await stage.books.settle() < float("inf"), "the listener does not catch up")
        name = "rebalances, where one joins" if joins else "rebalances"
        verdict.figures |= {name: dealings, "caught up after s": time.monotonic() - begun - SLOW}
    verdict.check(dealings <= 1 + joins, f"{dealings} rebalances")
    await stage.start(LISTENER)
    await stage.clients.write(rng, 5)
    verdict.broken += await stage.books.close()
    return verdict


def slow(name: str, armed: str, dealt: str) -> None:
    """The service, of whose records the next one takes long once `armed` exists; each dealing is a line of `dealt`."""
    for projection in load(name).projections:
        for place, handler in enumerate(projection.handlers):
            if handler.event is CensusAnswered:
                run = _slowly(handler.run, Path(armed))
                projection.handlers[place] = msgspec.structs.replace(handler, run=run)
    original = Consumer.on_partitions_assigned

    async def assigned(self: Consumer, places: Sequence[TopicPartition]) -> None:
        with Path(dealt).open("a") as lines:  # noqa: ASYNC230 - one short line
            lines.write(f"{os.getpid()}\n")
        await original(self, places)

    setattr(Consumer, "on_partitions_assigned", assigned)  # noqa: B010 - mypy takes no assignment to a method
    serve(name)


def _slowly(run: Callable[[Any, Any], Awaitable[None]], armed: Path) -> Callable[[Any, Any], Awaitable[None]]:
    async def slowly(tx: Any, fact: Any) -> None:
        with suppress(FileNotFoundError):
            os.unlink(armed)  # noqa: PTH108 - of two replicas one
            await asyncio.sleep(SLOW)
        await run(tx, fact)

    return slowly


@asynccontextmanager
async def _replicas(stage: Stage, main: str, *arguments: str, number: int) -> AsyncIterator[None]:
    """So many, once each has its partitions; whoever joined besides ends with them."""
    for who in (LISTENER, SECOND)[:number]:
        await stage.start(who, main, *arguments)
    assert await until(lambda: _dealt(stage, number), within=20) < 20, "the replicas do not share the group"
    try:
        yield
    finally:
        for who in [each for each in (LISTENER, SECOND) if each in stage.platform.forked.running]:
            await stage.terminate(who)


def _lines(dealt: Path) -> dict[str, int]:
    """How often each member was given its partitions."""
    lines = dealt.read_text().splitlines() if dealt.exists() else []
    return {member: lines.count(member) for member in lines}


async def _gone(armed: Path) -> bool:
    return not os.path.exists(armed)  # noqa: ASYNC240, PTH110 - as quick as a failpoint


async def _dealt(stage: Stage, number: int) -> bool:
    return await groups.dealt(stage.kafka, f"bassin.{LISTENER}") == number


async def come_and_go(stage: Stage, seed: int) -> Verdict:
    """A second replica joins and leaves, again and again, while a backlog is worked off and commands come in."""
    rng, verdict = random.Random(seed), Verdict()
    base = await _drain(stage, await _pile(stage))
    known, stop = await _pile(stage), asyncio.Event()
    churn = asyncio.create_task(_churn(stage, stop))
    async with stage.clients.writing(rng, clients=2, pause=0.1):
        begun = time.monotonic()
        rate = await _drain(stage, known)
        await asyncio.sleep(max(0.0, CHURN - (time.monotonic() - begun)))
    stop.set()
    changes = await churn
    verdict.broken += await stage.books.close()
    verdict.figures |= {"events/s": base, "share while they change": rate / base, "changes": changes}
    verdict.check(rate >= LEAST * base, f"{rate:.0f} events/s of {base:.0f} without changes")
    verdict.check(changes >= CHURN / EVERY / 3, f"only {changes} changes of the group")
    return verdict


async def _churn(stage: Stage, stop: asyncio.Event) -> int:
    changes = 0
    while not stop.is_set():
        await stage.start(SECOND)
        await _pause(stop)
        await stage.terminate(SECOND)
        changes += 2
        await _pause(stop)
    return changes


async def _pause(stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), EVERY)


async def _pile(stage: Stage) -> int:
    """A backlog that is published and not heard; returns how many subjects the listener knew before."""
    await stage.terminate(LISTENER)
    pool = await connect(stage.urls[PRODUCER]["app"], size=1)
    for _ in range(BACKLOG // 1000):
        async with Database(PRODUCER, pool, Clock()).batch([LILLE]) as tx:
            outbox.append(tx, LILLE, [PersonLinked(subject=uuid4(), agent=uuid4()) for _ in range(1000)])
    await pool.close()
    assert await until(lambda: _published(stage), within=60) < 60, "the backlog is not published"
    [row] = await stage.query(LISTENER, APPLIED)
    return int(row["n"])


async def _drain(stage: Stage, known: int) -> float:
    """Events a second from the first batch of a backlog to its last."""
    await stage.start(LISTENER)
    connection = await asyncpg.connect(stage.urls[LISTENER]["admin"])
    seen = [(time.monotonic(), 0)]
    while seen[-1][1] < BACKLOG:
        await asyncio.sleep(0.05)
        seen.append((time.monotonic(), await connection.fetchval(APPLIED) - known))
        assert seen[-1][0] - seen[0][0] < 90, f"{seen[-1][1]} of {BACKLOG} applied after 90 s"
    await connection.close()
    begun, first = next((at, number) for at, number in seen if number)
    return (BACKLOG - first) / max(seen[-1][0] - begun, 0.1)


async def _published(stage: Stage) -> bool:
    [row] = await stage.query(PRODUCER, "SELECT count(*) AS n FROM infra.outbox")
    return int(row["n"]) < 50  # those of commands come and go


APPLIED = "SELECT count(*) AS n FROM infra.inbox WHERE stream = 'bassin.hr_networks'"
FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F13",
        title="a record that takes 30 s",
        run=take_long,
        seeds=2,
        moves=(f"{LISTENER}:bassin_inbox_applied_total",),
    ),
    Fault(
        name="F14",
        title="replicas join and leave every 2 s",
        run=come_and_go,
        busy=True,
        least=frozenset({"events/s", "share while they change"}),
        moves=(f"{LISTENER}:bassin_inbox_applied_total",),
    ),
)
