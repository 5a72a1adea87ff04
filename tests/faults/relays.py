"""F1, F2, F3: a service that dies, or stops, between its commit and the publication."""

import asyncio
import random
import signal
import time
from functools import partial

import psutil
from tests.faults.fault import Fault, Verdict
from tests.faults.launch import TRAPPED
from tests.faults.stage import PRODUCER, Stage, until

from common.local.places import STATE

PLACES = ("publish", "sent", "published", "forget")
SECOND = f"{PRODUCER}#2"
KILLS = 15  # one a second, in each schedule
IN_HAND = ("publish", "sent")
ZOMBIE_SLEEPS = 0.5  # seconds more during which its successor publishes


async def die_between_commit_and_publication(stage: Stage, seed: int) -> Verdict:
    """The trap closes under load; then the service is started anew, as any supervisor would."""
    rng, verdict = random.Random(seed), Verdict()
    armed = STATE / f"armed-{seed}"
    await stage.kill(PRODUCER)
    await stage.start(PRODUCER, TRAPPED, rng.choice(PLACES), "kill", str(rng.randint(1, 8)), str(armed))
    async with stage.clients.writing(rng):
        await until(stage.books.begun, within=10)
        armed.touch()
        verdict.check(await stage.until_dead(PRODUCER), "the trap did not close")
        await asyncio.sleep(rng.random() * 0.1)
    left = await stage.query(PRODUCER, "SELECT count(*) AS n FROM infra.outbox")
    begun = time.monotonic()
    await stage.start(PRODUCER)
    await until(lambda: _drained(stage), within=20)
    took = time.monotonic() - begun
    verdict.figures |= {"published after start s": took, "left": left[0]["n"]}
    verdict.check(took <= 5, f"published {took:.1f} s after the start")
    verdict.broken += await stage.books.close()
    return verdict


async def _drained(stage: Stage) -> bool:
    return not await stage.query(PRODUCER, "SELECT FROM infra.outbox LIMIT 1")


async def kill_the_relay_again_and_again(stage: Stage, seed: int) -> Verdict:
    """Of two replicas the one that publishes, once a second; the killed one is started again."""
    rng, verdict, takeovers = random.Random(seed), Verdict(), list[float]()
    await stage.start(SECOND)
    async with stage.clients.writing(rng):
        for _ in range(KILLS):
            begun = time.monotonic()
            owner = await _owner_once_there(stage)
            victim = await _replica_of(stage, owner)
            await stage.kill(victim)
            takeovers.append(await until(partial(_other_owner, stage, owner), within=10, every=0.01))
            await stage.start(victim)
            await asyncio.sleep(max(0.0, 1 - (time.monotonic() - begun)) * rng.random() * 2)
    await stage.kill(SECOND)
    verdict.check(await until(lambda: _took_over(stage), within=10) < 10, "the one that is left does not take over")
    verdict.figures |= {"takeover s": max(takeovers), "kills": KILLS}
    verdict.check(max(takeovers) <= 2, f"a standby took over after {max(takeovers):.1f} s")
    verdict.broken += await stage.books.close()
    return verdict


async def _owner_once_there(stage: Stage) -> int:
    assert await until(lambda: stage.relay_owner(PRODUCER), within=10) < 10, "nobody publishes"
    owner = await stage.relay_owner(PRODUCER)
    assert owner
    return owner


async def _other_owner(stage: Stage, was: int) -> bool:
    return await stage.relay_owner(PRODUCER) not in {None, was}


async def _replica_of(stage: Stage, owner: int) -> str:
    """By the port of its session's connection."""
    [row] = await stage.query(PRODUCER, "SELECT client_port FROM pg_stat_activity WHERE pid = $1", owner)
    for who in (PRODUCER, SECOND):
        connections = psutil.Process(stage.process(who).pid).net_connections("tcp4")
        if any(connection.laddr and connection.laddr.port == row["client_port"] for connection in connections):
            return who
    raise LookupError("the relay is no replica of ours")


async def _took_over(stage: Stage) -> bool:
    return (await stage.metrics(PRODUCER)).get("bassin_relay_takeovers_total", 0) > 0


async def wake_a_zombie(stage: Stage, seed: int) -> Verdict:
    """The relay stops with a batch in hand, its session ends, another takes over and publishes; then it wakes up.

    Even seeds: nothing of the batch is sent yet; odd ones: it is sent, and its transaction is open.
    """
    rng, verdict = random.Random(seed), Verdict()
    armed = STATE / f"armed-{seed}"
    await stage.kill(PRODUCER)
    await stage.start(SECOND, TRAPPED, IN_HAND[seed % 2], "stop", str(rng.randint(1, 4)), str(armed))
    owner = await _owner_once_there(stage)
    await stage.start(PRODUCER)
    stage.said(SECOND)
    async with stage.clients.writing(rng):
        armed.touch()
        verdict.check(await until(lambda: _stopped(stage, SECOND), within=10) < 10, "the trap did not close")
        await stage.query(PRODUCER, "SELECT pg_terminate_backend($1)", owner)
        takeover = await until(lambda: _other_owner(stage, owner), within=10, every=0.01)
        verdict.check(await until(lambda: _publishes(stage), within=10) < 10, "the successor publishes nothing")
        await asyncio.sleep(ZOMBIE_SLEEPS)
        stage.signal(SECOND, signal.SIGCONT)
        await asyncio.sleep(ZOMBIE_SLEEPS)
    said = await _heard(stage, "relay starts again")
    verdict.check(1 <= said <= 3, f"{said} lines say that the zombie lost its place")
    await stage.kill(SECOND)
    verdict.figures |= {"takeover s": takeover, "zombie's lines": said}
    verdict.check(takeover <= 2, f"the standby took over after {takeover:.1f} s")
    verdict.broken += await stage.books.close()
    return verdict


async def _publishes(stage: Stage) -> bool:
    return (await stage.metrics(PRODUCER)).get("bassin_relay_published_total", 0) > 0


async def _stopped(stage: Stage, who: str) -> bool:
    return bool(psutil.Process(stage.process(who).pid).status() == psutil.STATUS_STOPPED)


async def _heard(stage: Stage, event: str) -> int:
    """Lines of the zombie, once it has said something."""
    text = ""

    async def said() -> bool:
        nonlocal text
        text += stage.said(SECOND)
        return stage.lines(text, event) > 0

    await until(said, within=10)
    return stage.lines(text, event)


TAKEOVERS = (f"{PRODUCER}:bassin_relay_takeovers_total",)
FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F1",
        title="kill -9 of a service between its commit and the publication",
        run=die_between_commit_and_publication,
        seeds=50,
        in_check=3,
        moves=TAKEOVERS,
    ),
    Fault(
        name="F2",
        title="kill -9 of the relay, two replicas, once a second",
        run=kill_the_relay_again_and_again,
        seeds=4,
        moves=TAKEOVERS,
    ),
    Fault(name="F3", title="a zombie relay wakes up after its successor", run=wake_a_zombie, seeds=16, moves=TAKEOVERS),
)
