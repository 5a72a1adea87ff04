"""F20: one académie asks five times as much as the gateway lets through."""

import asyncio
import os
import random
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import httpx
import msgspec
from tests.faults.fault import Fault, Verdict
from tests.faults.gateways import start_gateway
from tests.faults.stage import Stage

from common.local.layout import GATEWAY

RATE = 40.0  # requests a second that the gateway is told to take of one académie: its load
LASTS = 8.0  # seconds
ROUNDS = 3  # one moment in which all of the machine stands still would be the p99 of so few requests
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
    lille, amiens = _heads(stage, "09", seed), _heads(stage, "20", seed)
    await _both(stage, (lille, RATE / 4, 1.0), (amiens, OTHERS, 1.0))  # connections, caches
    rounds = [await _round(stage, lille, amiens) for _ in range(ROUNDS)]
    await _as_before(stage)
    for calm, told in rounds:
        _judge(verdict, calm.one, told.one)
    _judge_others(verdict, [calm.other for calm, _ in rounds], [told.other for _, told in rounds])
    await stage.clients.write(rng, 20)
    verdict.broken += await stage.books.close()
    return verdict


class Heads(NamedTuple):
    """The heads of schools of one académie: what each asks for, and with which token."""

    gateway: str
    desks: Sequence[tuple[str, str]]
    seed: int


Load: TypeAlias = tuple[Heads, float, float]  # requests a second, for so many seconds


def _heads(stage: Stage, academie: str, seed: int) -> Heads:
    desks = [(desk.path, desk.token) for desk in stage.clients.desks if desk.school.academie == academie]
    return Heads(stage.layout.url(GATEWAY), desks, seed)


def ask(gateway: str, desks: Sequence[tuple[str, str]], seed: int, rate: float, seconds: float) -> None:
    """At this rate, whether or not what was asked before is answered; prints what it was told."""
    print(msgspec.json.encode(asyncio.run(_ask(Heads(gateway, desks, seed), rate, seconds))).decode())


async def _ask(heads: Heads, rate: float, seconds: float) -> list[Told]:
    rng, limits = random.Random(heads.seed), httpx.Limits(max_connections=200, max_keepalive_connections=200)
    async with httpx.AsyncClient(base_url=heads.gateway, timeout=20, limits=limits) as http:
        begun, asked = time.monotonic(), list[asyncio.Task[Told]]()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
            asked.append(asyncio.create_task(_one(http, *rng.choice(heads.desks))))
        return list(await asyncio.gather(*asked))


async def _one(http: httpx.AsyncClient, path: str, token: str) -> Told:
    begun = time.monotonic()
    answer = await http.get(path, headers={"Authorization": f"Bearer {token}"})
    return Told(answer.status_code, time.monotonic() - begun, "retry-after" in answer.headers)


class Both(NamedTuple):
    one: list[Told]
    other: list[Told]


async def _both(stage: Stage, one: Load, other: Load) -> Both:
    """From a process each: who asks little must not wait for who asks much."""
    return Both(*await asyncio.gather(_asked(stage, *one), _asked(stage, *other)))


async def _asked(stage: Stage, heads: Heads, rate: float, seconds: float) -> list[Told]:
    status, said = await stage.ran("tests.faults.flood:ask", *heads, rate, seconds, environment=os.environ)
    if status != 0:
        raise RuntimeError(f"who asks ended with {status}: {said}")
    return msgspec.json.decode(said, type=list[Told])


async def _round(stage: Stage, lille: Heads, amiens: Heads) -> tuple[Both, Both]:
    """At its load, and at five times it."""
    found = []
    for times in (0.9, 5):
        await asyncio.sleep(2)  # the buckets are full again
        found.append(await _both(stage, (lille, times * RATE, LASTS), (amiens, OTHERS, LASTS)))
    return found[0], found[1]


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


def _judge_others(verdict: Verdict, calm: Sequence[list[Told]], told: Sequence[list[Told]]) -> None:
    everything = [each for some in told for each in some]
    verdict.check(_served(everything) == len(everything), f"the other: {Counter(each.status for each in everything)}")
    before, now = (statistics.median(map(_p99, rounds)) for rounds in (calm, told))
    verdict.figures |= {"others' p99 before s": before, "others' p99 s": now}
    verdict.check(now <= max(2 * before, FLOOR), f"the other académie's p99 went from {before:.3f} to {now:.3f} s")


def _p99(told: Sequence[Told]) -> float:
    return sorted(each.seconds for each in told)[int(len(told) * 0.99)]


FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F20",
        title="an académie asks five times the gateway's load",
        run=flood,
        busy=True,
        least=frozenset({"goodput/s", "share of its load"}),
        moves=("hr_networks:bassin_http_requests_total",),
    ),
)
