"""F20: one académie asks five times as much as the gateway lets through."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import httpx
from tests.faults.clients import Desk
from tests.faults.fault import Fault, Verdict
from tests.faults.gateways import start_gateway
from tests.faults.stage import Stage

from common.local.layout import GATEWAY

RATE = 40.0  # requests a second that the gateway is told to take of one académie: its load
LASTS = 8.0  # seconds
OTHERS = 10.0  # requests a second of the other académie
GOODPUT = 0.8  # of what it answers at its load
FLOOR = 0.1  # seconds: below it a p99 of so few requests is noise
SETTINGS = {
    "BASSIN_RATE_PER_ACADEMIE": str(RATE),
    "BASSIN_BURST_PER_ACADEMIE": str(RATE),
    "BASSIN_RATE_PER_SUBJECT": str(RATE),
    "BASSIN_BURST_PER_SUBJECT": str(RATE),
    "BASSIN_IN_FLIGHT_PER_ACADEMIE": "16",
}


class Told(NamedTuple):
    status: int
    seconds: float
    retry_after: bool


async def flood(stage: Stage, seed: int) -> Verdict:
    rng, verdict = random.Random(seed), Verdict()
    await stage.terminate(GATEWAY)
    await start_gateway(stage, GATEWAY, environment=SETTINGS)
    lille = [desk for desk in stage.clients.desks if desk.school.academie == "09"]
    amiens = [desk for desk in stage.clients.desks if desk.school.academie == "20"]
    async with httpx.AsyncClient(base_url=stage.layout.url(GATEWAY), timeout=20, limits=WIDE) as http:
        await _both(http, rng, (lille, RATE / 4, 1.0), (amiens, OTHERS, 1.0))  # connections, caches
        await asyncio.sleep(2)  # the buckets are full again
        calm, calm_others = await _both(http, rng, (lille, 0.9 * RATE, LASTS), (amiens, OTHERS, LASTS))
        await asyncio.sleep(2)
        told, others = await _both(http, rng, (lille, 5 * RATE, LASTS), (amiens, OTHERS, LASTS))
    await _as_before(stage)
    _judge(verdict, calm, told)
    _judge_others(verdict, calm_others, others)
    await stage.clients.write(rng, 20)
    verdict.broken += await stage.books.close()
    return verdict


WIDE = httpx.Limits(max_connections=200, max_keepalive_connections=200)
Load = tuple[Sequence[Desk], float, float]  # who, requests a second, seconds


async def _both(http: httpx.AsyncClient, rng: random.Random, one: Load, other: Load) -> tuple[list[Told], list[Told]]:
    return await asyncio.gather(_ask(http, rng, *one), _ask(http, rng, *other))


async def _ask(
    http: httpx.AsyncClient, rng: random.Random, desks: Sequence[Desk], rate: float, seconds: float
) -> list[Told]:
    """At this rate, whether or not what was asked before is answered."""
    begun, asked = time.monotonic(), list[asyncio.Task[Told]]()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
        asked.append(asyncio.create_task(_one(http, rng.choice(desks))))
    return list(await asyncio.gather(*asked))


async def _one(http: httpx.AsyncClient, desk: Desk) -> Told:
    begun = time.monotonic()
    answer = await http.get(desk.path, headers={"Authorization": f"Bearer {desk.token}"})
    return Told(answer.status_code, time.monotonic() - begun, "retry-after" in answer.headers)


async def _as_before(stage: Stage) -> None:
    await stage.terminate(GATEWAY)
    await start_gateway(stage, GATEWAY)


def _judge(verdict: Verdict, calm: Sequence[Told], told: Sequence[Told]) -> None:
    statuses = Counter(each.status for each in told)
    served, shed = _served(told), statuses[429] + statuses[503]
    verdict.figures |= {"goodput/s": served / LASTS, "share of its load": served / _served(calm), "shed": shed}
    verdict.check(_served(calm) >= 0.95 * len(calm), f"at its load: {Counter(each.status for each in calm)}")
    verdict.check(served >= GOODPUT * _served(calm), f"{served} answered of {_served(calm)} before: {statuses}")
    verdict.check(shed > len(told) / 2, f"only {shed} of {len(told)} were shed: {statuses}")
    verdict.check(set(statuses) <= {200, 404, 429, 503}, f"other answers: {statuses}")
    silent = [each for each in told if each.status in {429, 503} and not each.retry_after]
    verdict.check(not silent, f"{len(silent)} refusals without Retry-After")


def _served(told: Sequence[Told]) -> int:
    """A school that has not answered yet is told so by 404, which is work like any other."""
    return sum(each.status in {200, 404} for each in told)


def _judge_others(verdict: Verdict, calm: Sequence[Told], told: Sequence[Told]) -> None:
    verdict.check(_served(told) == len(told), f"the other académie: {Counter(each.status for each in told)}")
    before, now = (sorted(each.seconds for each in some)[int(len(some) * 0.99)] for some in (calm, told))
    verdict.figures |= {"others' p99 before s": before, "others' p99 s": now}
    verdict.check(now <= max(2 * before, FLOOR), f"the other académie's p99 went from {before:.3f} to {now:.3f} s")


FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F20",
        title="an académie asks five times the gateway's load",
        run=flood,
        least=frozenset({"goodput/s", "share of its load"}),
        moves=("hr_networks:bassin_http_requests_total",),
    ),
)
