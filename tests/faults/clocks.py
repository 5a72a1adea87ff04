"""F17: clocks that are wrong, that jump, and the two days of a year that have 23 and 25 hours."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping

from tests.faults.days import change_day
from tests.faults.elsewhen import ABSENT, ALONE, POSTGRES, SEEN, Clock, library, under
from tests.faults.fault import Fault, Verdict
from tests.faults.gateways import balanced, second
from tests.faults.stage import LISTENER, PRODUCER, Stage, until

from common.internal_tokens import LIFETIME, REUSED
from common.local.layout import GATEWAY

TEN, HOURS = 600.0, 7200.0  # seconds
WRONG = 5.0  # seconds that a clock stays wrong: the gauge is told every two
RECOVERED = 10.0  # seconds after a clock is right again
FORGOTTEN = 4.5  # seconds until the gateway closes idle connections: those who refuse lose theirs, and get new ones
OTHER = second(PRODUCER)
STEPS = (  # every other one in one schedule, the rest in the next
    (PRODUCER, -TEN),
    (OTHER, TEN),
    (PRODUCER, HOURS),
    (OTHER, -HOURS),
    (LISTENER, TEN),
    (LISTENER, -HOURS),
    (GATEWAY, HOURS),
    (GATEWAY, -TEN),
    (POSTGRES, TEN),
    (POSTGRES, -HOURS),
)


async def play(stage: Stage, seed: int) -> Verdict:
    """Every other schedule lives through a change of time; the others have clocks that jump under load."""
    if library(ALONE) is None:
        return Verdict(not_run=ABSENT)
    return await (change_day if seed % 2 else jump)(stage, seed)


async def jump(stage: Stage, seed: int) -> Verdict:
    """One clock after the other is wrong for a while, under load: two replicas write, one listens."""
    rng, verdict, steps = random.Random(seed), Verdict(), STEPS[seed // 2 % 2 :: 2]
    clocks = {who: Clock(who) for who in (POSTGRES, PRODUCER, OTHER, LISTENER, GATEWAY)}
    went_back = await _went_back(stage)
    for who in (PRODUCER, OTHER):
        stage.said(who)
    async with balanced(stage.url(PRODUCER), stage.url(OTHER)) as both:
        routes = {**{name: stage.url(name) for name in stage.urls}, PRODUCER: both.url}
        async with under(stage, clocks, routes):
            before = Counter(stage.clients.answers)
            for who, ahead in rng.sample(steps, len(steps)):
                await asyncio.sleep(FORGOTTEN)
                async with stage.clients.writing(rng, clients=6, pause=0.1):
                    await asyncio.sleep(0.5)
                    await _step(stage, clocks, who, ahead, verdict)
            verdict.broken += await stage.books.close()
            told = Counter(stage.clients.answers) - before
    verdict.figures["answers before their predecessor, by their dates"] = await _went_back(stage) - went_back
    verdict.check(await _went_back(stage) > went_back, "no answer is dated before its predecessor: nothing was tried")
    _judge(told, verdict)
    held = stage.lines(stage.said(PRODUCER) + stage.said(OTHER), "jobs wait until the clocks agree")
    verdict.check(held > 0, "no log says that jobs wait")
    await stage.clients.write(rng, 5)
    verdict.broken += await stage.books.close()
    return verdict


async def _step(stage: Stage, clocks: Mapping[str, Clock], who: str, ahead: float, verdict: Verdict) -> None:
    """Wrong, seen by the gauges of those who have a database, and right again."""
    clocks[who].set(ahead)
    believes_nobody = who in {PRODUCER, OTHER} and ahead > LIFETIME  # but those whom it remembers
    await asyncio.sleep(SEEN + (REUSED if believes_nobody else WRONG))
    for service in [each for each in clocks if each not in {POSTGRES, GATEWAY}]:
        told = (await stage.metrics(service))["bassin_clock_ahead_seconds"]
        true = clocks[service].ahead - clocks[POSTGRES].ahead
        verdict.check(abs(told - true) < 5, f"{who} {ahead:+.0f} s: {service} tells {told:+.0f} s, it is {true:+.0f}")
    clocks[who].set(0.0)
    await asyncio.sleep(SEEN)
    known = len(stage.clients.commands)
    took = await until(lambda: _succeed(stage, known), within=RECOVERED)
    verdict.check(took < RECOVERED, f"{who} {ahead:+.0f} s: commands still fail {RECOVERED:.0f} s after")
    slowest = verdict.figures.get("commands succeed again after s", 0.0)
    verdict.figures["commands succeed again after s"] = max(float(slowest), took)


async def _succeed(stage: Stage, known: int) -> bool:
    """Ten in a row."""
    last = [command.outcome for command in stage.clients.commands[known:]][-10:]
    return len(last) == 10 and set(last) == {"acknowledged"}


def _judge(told: Counter[tuple[int, bool]], verdict: Verdict) -> None:
    """A service ahead of the gateway believes none of its tokens: said with 503, never with 401."""
    refused = told.pop((503, True), 0)
    others = {f"{status}": number for (status, _), number in told.items() if status >= 300}
    verdict.figures |= {"commands": told.total() + refused, "answered by 503 with Retry-After": refused}
    verdict.check(refused > 0, "no token was refused")
    verdict.check(not others, f"answered otherwise: {others}")


async def _went_back(stage: Stage) -> int:
    [row] = await stage.query(PRODUCER, WENT_BACK)
    return int(row["n"])


WENT_BACK = """
SELECT count(*) AS n FROM answer_version a JOIN answer_version b USING (academie, campaign, uai)
WHERE b.revision = a.revision + 1 AND b.answered_at < a.answered_at
"""
FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F17",
        title="clocks off by minutes and hours, jumps, changes of summer time",
        run=play,
        seeds=4,
        within=720.0,
        waits=True,
        busy=True,
        own_stage=True,
        least=frozenset({"answers before their predecessor, by their dates"}),
        moves=(f"{LISTENER}:bassin_inbox_applied_total", f"{PRODUCER}:bassin_relay_takeovers_total"),
    ),
)
