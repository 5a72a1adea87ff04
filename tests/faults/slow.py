"""F16: a line that is long, narrow and loses one piece in twenty: everything is right, and takes its time."""

import asyncio
import random
from contextlib import AsyncExitStack

from tests.faults.broker import SAME_LINE, warned
from tests.faults.checker import Outcome
from tests.faults.fault import Fault, Verdict
from tests.faults.lines import lay
from tests.faults.stage import LISTENER, PRODUCER, Stage
from tests.service.common import proxy
from tests.service.common.proxy import Way

ROUND_TRIP = 0.2  # seconds
LOSS = 0.05
RATE = 256_000 / 8  # bytes a second
SECONDS = 30.0
ARRIVED = 60.0  # seconds within which everything has arrived


async def go_a_bad_line(stage: Stage, seed: int) -> Verdict:
    """Producer and listener reach their broker and their databases through it."""
    rng, verdict = random.Random(seed), Verdict()
    laid = await asyncio.to_thread(lay, stage)
    async with AsyncExitStack() as ends:
        broker = await ends.enter_async_context(
            proxy.before(f"kafka://@127.0.0.1:{laid.behind}", port=laid.proxy, seed=seed)
        )
        address = broker.url.rpartition("@")[2]
        for who in (PRODUCER, LISTENER):
            await stage.kill(who)
            settings = stage.settings(who)
            found = {"BASSIN_KAFKA": address}
            for name in ("BASSIN_DATABASE_URL", "BASSIN_RELAY_DATABASE_URL"):
                line = await ends.enter_async_context(proxy.before(settings[name], seed=seed))
                line.asking, line.answering = _bad(), _bad()
                found[name] = line.url
            await stage.start(who, environment=found)
            stage.said(who)
        broker.asking, broker.answering = _bad(), _bad()
        async with stage.clients.writing(rng, clients=2, pause=0.5):
            await asyncio.sleep(SECONDS)
        verdict.figures["arrived_seconds"] = arrived = await stage.books.settle(within=ARRIVED)
        verdict.check(arrived <= ARRIVED, f"not everything arrived within {ARRIVED:.0f} s")
        _figures(stage, verdict)
        for who in (PRODUCER, LISTENER):
            lines = warned(stage, who)
            verdict.check(max(lines.values(), default=0) <= SAME_LINE, f"{who} says {dict(lines)}")
        verdict.broken += await stage.books.close()
        for who, metric in MOVES.items():
            verdict.check((await stage.metrics(who)).get(metric, 0) > 0, f"{who}:{metric} did not move")
            await stage.kill(who)
            await stage.start(who)
    return verdict


def _bad() -> Way:
    return Way(latency=ROUND_TRIP / 2, rate=RATE, loss=LOSS)


def _figures(stage: Stage, verdict: Verdict) -> None:
    taken = sorted(stage.clients.latencies[-stage.books.counted(Outcome.ACKNOWLEDGED) :])
    verdict.check(len(taken) >= SECONDS / 5, f"only {len(taken)} commands were acknowledged")
    verdict.check(bool(taken) and taken[0] >= ROUND_TRIP, "the line was not a bad one")
    if taken:
        verdict.figures |= {"acknowledged": len(taken), "p50_seconds": taken[len(taken) // 2]}
    refused = stage.books.counted(Outcome.INDETERMINATE)
    verdict.figures["indeterminate"] = refused


# Looked at before both are started anew on a good line.
MOVES = {PRODUCER: "bassin_relay_published_total", LISTENER: "bassin_inbox_applied_total"}
FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F16",
        title="200 ms, 5 % loss, 256 kbit/s to the broker and the databases",
        run=go_a_bad_line,
        waits=True,
        least=frozenset({"acknowledged"}),
    ),
)
