"""F15: a service is cut off from its broker or its database, one way or both, and nobody is told."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import product

from msgspec import Struct
from tests.faults.broker import SAME_LINE, accepted, warned
from tests.faults.fault import Fault, Verdict
from tests.faults.isolation import isolated, lacking
from tests.faults.lines import FAR, dropped, lay
from tests.faults.stage import LISTENER, PRODUCER, Stage, until

from common.local.ports import LOOPBACK

CUTS = list(product((PRODUCER, LISTENER), ("kafka", "postgres"), (("to",), ("from",), ("to", "from"))))
SHORT = (5.0, 15.0)  # seconds
LONG = 60.0  # seconds, both ways
HEALED = 10.0  # seconds
STANDBY = f"{PRODUCER}#2"


async def cut_off(stage: Stage, seed: int) -> Verdict:
    """The standby of a producer that lost its database is not cut off: it takes over."""
    verdict, rng = Verdict(), random.Random(seed)
    if not isolated():
        verdict.not_run = lacking()
        return verdict
    who, server, ways = CUTS[seed % len(CUTS)]
    seconds = LONG if len(ways) == 2 else rng.uniform(*SHORT)
    far = (await asyncio.to_thread(lay, stage)).far
    await stage.kill(who)
    await stage.start(who, environment=_far(stage, who, server, far))
    port = stage.postgres.port if server == "postgres" else far
    async with _standby(stage, wanted=(who, server) == (PRODUCER, "postgres")) as relays:
        stage.said(who)
        async with stage.clients.writing(rng, clients=3, pause=0.05):
            await asyncio.sleep(1)
            with dropped(port, *ways):
                await asyncio.sleep(seconds)
            mended, before = time.monotonic(), await _applied(stage)
            flows = await until(lambda: _more(stage, before), within=60)
        first = await until(lambda: accepted(stage, rng), within=60)
        await stage.books.settle(within=60)
        healed = time.monotonic() - mended if first < 60 else first
    verdict.figures |= {"flows_again_seconds": flows, "healed_seconds": healed, "cut_seconds": seconds}
    verdict.check(healed <= HEALED, f"{who} cut off from {server} ({ways}) for {seconds:.1f} s: {healed:.1f} s")
    _judge(relays, verdict)
    lines = warned(stage, who)
    told = seconds < LONG or bool(lines)  # a shorter one may pass without a line
    verdict.check(told and max(lines.values(), default=0) <= SAME_LINE, f"{who}, {server}, {ways}: {dict(lines)}")
    verdict.broken += await stage.books.close()
    return verdict


async def _applied(stage: Stage) -> float:
    return (await stage.metrics(LISTENER)).get("bassin_inbox_applied_total", 0.0)


async def _more(stage: Stage, before: float) -> bool:
    return await _applied(stage) > before


def _far(stage: Stage, who: str, server: str, port: int) -> dict[str, str]:
    if server == "kafka":
        return {"BASSIN_KAFKA": f"{FAR}:{port}"}
    settings = stage.settings(who)
    names = ("BASSIN_DATABASE_URL", "BASSIN_RELAY_DATABASE_URL")
    return {name: settings[name].replace(f"@{LOOPBACK}:", f"@{FAR}:") for name in names}


class Relays(Struct):
    """Of two replicas, as often as both were looked at: how many records each had published since it started."""

    seen: list[tuple[float, float]] = []


@asynccontextmanager
async def _standby(stage: Stage, *, wanted: bool) -> AsyncIterator[Relays]:
    relays = Relays()
    if not wanted:
        yield relays
        return
    await stage.start(STANDBY)
    looking = asyncio.create_task(_look(stage, relays))
    try:
        yield relays
    finally:
        looking.cancel()
        await stage.terminate(STANDBY)


async def _look(stage: Stage, relays: Relays) -> None:
    while True:
        both = [await stage.metrics(who) for who in (PRODUCER, STANDBY)]
        relays.seen.append((both[0].get(PUBLISHED, 0.0), both[1].get(PUBLISHED, 0.0)))
        await asyncio.sleep(0.2)


def _judge(relays: Relays, verdict: Verdict) -> None:
    if relays.seen:
        steps = list(zip(relays.seen, relays.seen[1:], strict=False))
        both = sum(after[0] > before[0] and after[1] > before[1] for before, after in steps)
        verdict.figures |= {"two_relays": both}
        verdict.check(both == 0, f"two relays published within the same moment, {both} times")


PUBLISHED = "bassin_relay_published_total"
FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F15",
        title="a service cut off from Kafka or PostgreSQL, one way and both",
        run=cut_off,
        waits=True,
        seeds=len(CUTS),
        moves=("hr_networks:bassin_relay_published_total", "training:bassin_inbox_applied_total"),
    ),
)
