"""F4, F9: a listener that dies around its commit, and a database that crashes under load."""

import asyncio
import random
import time

from tests.faults.fault import Fault, Verdict
from tests.faults.launch import TRAPPED
from tests.faults.stage import LISTENER, PRODUCER, Stage, until
from tests.service.common import groups

from common.local.places import STATE

PLACES = ("apply", "applied", "acknowledge", "acknowledged")  # before the commit, and on both sides of the offsets
ERRORS = 3.0  # seconds that clients may get errors once the database, its recovery over, takes connections again


async def die_around_the_commit(stage: Stage, seed: int) -> Verdict:
    """In one schedule of eight the broker is left to notice by itself that the dead one is gone: after 10 s."""
    rng, verdict = random.Random(seed), Verdict()
    armed = STATE / f"armed-{seed}"
    await stage.terminate(LISTENER)
    await stage.start(LISTENER, TRAPPED, rng.choice(PLACES), "kill", str(rng.randint(1, 8)), str(armed))
    async with stage.clients.writing(rng):
        armed.touch()
        verdict.check(await stage.until_dead(LISTENER), "the trap did not close")
        await asyncio.sleep(rng.random() * 0.1)
    if rng.random() > 1 / 8:
        await groups.expel(stage.kafka, f"bassin.{LISTENER}")
    begun = time.monotonic()
    await stage.start(LISTENER)
    verdict.broken += await stage.books.close()
    verdict.figures["caught up after start s"] = time.monotonic() - begun
    return verdict


async def crash_the_database(stage: Stage, seed: int) -> Verdict:
    """Its sessions are cut, it recovers from its log; services are not touched."""
    rng, verdict = random.Random(seed), Verdict()
    stage.said(PRODUCER)
    async with stage.clients.writing(rng):
        await asyncio.sleep(0.5 + rng.random())
        crashed = time.monotonic()
        await asyncio.to_thread(stage.postgres.stop, at_once=True)
        await asyncio.to_thread(stage.postgres.start, stage.children)
        accepting = time.monotonic()
        known = len(stage.clients.commands)
        verdict.check(
            await until(lambda: _acknowledged_again(stage, known), within=15) < 15, "no command succeeds any more"
        )
        await asyncio.sleep(ERRORS + 1)
    errors = max(0.0, stage.clients.last_failure - accepting)
    verdict.figures |= {"errors after it is back s": errors, "database away s": accepting - crashed}
    verdict.check(errors <= ERRORS, f"errors for {errors:.1f} s after the database was back")
    verdict.broken += await stage.books.close()
    said = stage.lines(stage.said(PRODUCER), "relay starts again")
    verdict.check(1 <= said <= 3, f"{said} lines say that the relay starts again")
    return verdict


async def _acknowledged_again(stage: Stage, known: int) -> bool:
    return any(command.outcome == "acknowledged" for command in stage.clients.commands[known:])


FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F4",
        title="kill -9 of a listener around the commit of a batch",
        run=die_around_the_commit,
        seeds=40,
        in_check=3,
        moves=(f"{LISTENER}:bassin_inbox_applied_total",),
    ),
    Fault(
        name="F9",
        title="PostgreSQL crashes under load and recovers",
        run=crash_the_database,
        seeds=6,
        in_check=1,
        moves=(f"{PRODUCER}:bassin_relay_takeovers_total", f"{LISTENER}:bassin_inbox_applied_total"),
    ),
)
