"""F6, F7: of three brokers one is lost, or two."""

import asyncio
import random
import time
from contextlib import suppress

import psutil
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from tests.faults.broker import told_and_not_flooded, waiting, warned
from tests.faults.checker import Outcome
from tests.faults.fault import Fault, Verdict
from tests.faults.stage import PRODUCER, Stage, until

from common.contracts.catalogue import STREAMS
from common.contracts.hr_networks import FACTS
from common.local.kafka import KafkaNode

LOSSES = 5
GAP = 25.0  # seconds without a publication, at most
WHOLE = 60.0  # seconds within which a node that is back follows again
DOWN = 40.0  # seconds with one node of three
GROWTH = 1.1  # of the memory meanwhile: what is not published lies in the database


async def lose_the_leader(stage: Stage, seed: int) -> Verdict:
    """Killed, five times, whoever leads the facts' partition then; it comes back and follows."""
    rng, verdict, gaps = random.Random(seed), Verdict(), list[float]()
    async with stage.clients.writing(rng, clients=3, pause=0.02):
        for _ in range(LOSSES):
            node = await _leader(stage, rng.randrange(3))
            lost = asyncio.create_task(asyncio.to_thread(node.kill))
            gaps.append(await _gap(stage))
            await lost
            await asyncio.to_thread(node.start, stage.children)
            verdict.check(await until(lambda: _whole(stage), within=WHOLE) <= WHOLE, "a node does not follow again")
    verdict.figures |= {"gap_seconds": max(gaps), "leaders_lost": len(gaps)}
    verdict.check(max(gaps) <= GAP, f"nothing was published for {max(gaps):.1f} s")
    verdict.broken += await stage.books.close()
    verdict.figures["commands"] = len(stage.books.commands)
    refused = stage.books.counted(Outcome.INDETERMINATE)
    verdict.check(refused == 0, f"{refused} commands noticed")
    return verdict


async def _gap(stage: Stage) -> float:
    """The longest time without a publication, until they have gone on for two seconds."""
    begun = last = time.monotonic()
    longest, before = 0.0, await _published(stage)
    while time.monotonic() - begun < 3 or await waiting(stage) > 50:
        now = await _published(stage)
        if now > before:
            longest, last, before = max(longest, time.monotonic() - last), time.monotonic(), now
        if time.monotonic() - last > 3 * GAP:
            return time.monotonic() - last
        await asyncio.sleep(0.1)
    return max(longest, time.monotonic() - last)


async def _published(stage: Stage) -> float:
    return (await stage.metrics(PRODUCER)).get("bassin_relay_published_total", 0.0)


async def _described(stage: Stage) -> list[dict[str, object]]:
    admin = AIOKafkaAdminClient(bootstrap_servers=stage.kafka)
    await admin.start()
    try:
        [topic] = await admin.describe_topics([STREAMS[FACTS].behind])
    finally:
        await admin.close()
    return list(topic["partitions"])


async def _leader(stage: Stage, partition: int) -> KafkaNode:
    [leader] = [p["leader"] for p in await _described(stage) if p["partition"] == partition]
    assert isinstance(leader, int)
    return stage.nodes[leader - 1]


async def _whole(stage: Stage) -> bool:
    with suppress(KafkaError):
        return all(p["isr"] and len(p["isr"]) == len(stage.nodes) for p in await _described(stage))  # type: ignore[arg-type]
    return False


async def lose_two(stage: Stage, seed: int) -> Verdict:
    """One of three is left: it may acknowledge nothing, whatever it keeps."""
    rng, verdict = random.Random(seed), Verdict()
    first, second = rng.sample(stage.nodes, 2)
    stage.said(PRODUCER)
    async with stage.clients.writing(rng, clients=3, pause=0.05):
        await asyncio.sleep(1)
        await asyncio.gather(*(asyncio.to_thread(node.kill) for node in (first, second)))
        await asyncio.sleep(3)
        memory, before, left = _memory(stage), await _published(stage), await waiting(stage)
        await asyncio.sleep(DOWN)
        verdict.figures |= {"memory_growth": _memory(stage) / memory, "waited": await waiting(stage) - left}
        verdict.check(await _published(stage) == before, "the relay took something for published")
    verdict.check(float(verdict.figures["waited"]) > 0, "no command was committed meanwhile")
    verdict.check(float(verdict.figures["memory_growth"]) <= GROWTH, f"memory grew: {verdict.figures}")
    await asyncio.gather(*(asyncio.to_thread(node.start, stage.children) for node in (first, second)))
    verdict.figures["resumed_seconds"] = await until(lambda: _drained(stage), within=60)
    verdict.broken += await stage.books.close()
    verdict.check(told_and_not_flooded(lines := warned(stage)), f"the log says {dict(lines)}")
    return verdict


async def _drained(stage: Stage) -> bool:
    return await waiting(stage) == 0


def _memory(stage: Stage) -> int:
    """Bytes that only the producer's process holds."""
    return int(psutil.Process(stage.process(PRODUCER).pid).memory_full_info().uss)


FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F6",
        title="three brokers: the leader is lost, five times",
        run=lose_the_leader,
        waits=True,
        busy=True,
        nodes=3,
        moves=("hr_networks:bassin_relay_published_total",),
    ),
    Fault(
        name="F7",
        title="three brokers: two are lost",
        run=lose_two,
        waits=True,
        nodes=3,
        moves=("hr_networks:bassin_relay_takeovers_total",),
    ),
)
