"""F5, F8: one broker that stops and dies, and a producer that it no longer takes anything from."""

import asyncio
import json
import os
import random
import time
from collections import Counter
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaProducer, TopicPartition
from tests.faults.checker import Outcome
from tests.faults.fault import Fault, Verdict
from tests.faults.launch import TRAPPED
from tests.faults.stage import PRODUCER, Stage, until

from common import outbox
from common.clock import Clock
from common.contracts.hr_networks import PersonLinked
from common.db import Database, connect
from common.identifiers import CodeAcademie
from common.kafka_log import Built, KafkaLog
from common.local.kafka import KafkaNode
from common.local.places import STATE
from common.local.serving import serve

AWAY = (2.0, 6.0)  # seconds without a broker, besides its own start
BACKLOG = 40_000  # events
DRAIN = 10_000  # events a second, at least
TRIES = 3  # what is played beside it may start a dozen processes in the second that a backlog takes
RENEWED = 5.0  # seconds within which a new producer is at work
SAME_LINE = 3  # times that one fault may make a log say the same
ACCEPTED = 0.999  # share of the commands that do not notice
LILLE = CodeAcademie("09")


async def restart_the_broker(stage: Stage, seed: int) -> Verdict:
    """Even seeds: asked to stop; odd ones: killed as it acknowledges a commit. What piled up is then published."""
    rng, verdict, [node] = random.Random(seed), Verdict(), stage.nodes
    armed = STATE / f"armed-{seed}"
    await stage.terminate(PRODUCER)  # the new one has told of no broker yet: what repeats itself is said once a minute
    await stage.start(PRODUCER, TRAPPED, "acknowledged commit", "kill", "1", str(armed), str(node._child.pid))
    stage.said(PRODUCER)
    async with stage.clients.writing(rng, clients=4, pause=0.01):
        await asyncio.sleep(1)
        if seed % 2:
            armed.touch()
            verdict.check(await until(lambda: _dead(node), within=10) < 10, "nothing was committed")
        await asyncio.to_thread(node.stop)
        await asyncio.sleep(rng.uniform(*AWAY))
        oldest = (await stage.metrics(PRODUCER))["bassin_outbox_oldest_seconds"]
        await asyncio.to_thread(node.start, stage.children)
        await asyncio.sleep(1)
    told = Counter(command.outcome for command in stage.books.commands)
    accepted = told[Outcome.ACKNOWLEDGED] / max(1, told.total() - told[Outcome.REFUSED])
    verdict.check(accepted >= ACCEPTED, f"{accepted:.2%} of the commands succeeded")
    verdict.figures |= {"accepted": accepted, "commands": told.total()}
    verdict.broken += await stage.books.close()
    verdict.figures["commits_forgotten"] = (await stage.metrics(PRODUCER))["bassin_relay_left_open_total"]
    verdict.check(oldest > 0, "bassin_outbox_oldest_seconds did not move")
    verdict.check(told_and_not_flooded(lines := warned(stage)), f"the log says {dict(lines)}")
    if not verdict.broken:
        rates = [await _drained_at(stage)]
        while rates[-1] < DRAIN and len(rates) < TRIES:
            rates.append(await _drained_at(stage))
        verdict.figures["events_per_second"] = max(rates)
        verdict.check(max(rates) >= DRAIN, f"{', '.join(f'{rate:.0f}' for rate in rates)} events/s")
    return verdict


async def _dead(node: KafkaNode) -> bool:
    return node._child.process.poll() is not None


async def _drained_at(stage: Stage) -> float:
    """Events a second that the relay publishes of what an hour without a broker leaves."""
    [node] = stage.nodes
    await asyncio.to_thread(node.stop)
    pool = await connect(stage.urls[PRODUCER]["app"], size=1)
    db = Database(PRODUCER, pool, Clock())
    for _ in range(BACKLOG // 1000):
        async with db.batch([LILLE]) as tx:
            outbox.append(tx, LILLE, [PersonLinked(subject=uuid4(), agent=uuid4()) for _ in range(1000)])
    await pool.close()
    await asyncio.to_thread(node.start, stage.children)
    rate = await _rate(stage)
    await stage.books.settle(within=60)
    return rate


async def _rate(stage: Stage) -> float:
    """From the first batch that is gone to the last."""
    seen: list[tuple[float, int]] = []
    connection = await asyncpg.connect(stage.urls[PRODUCER]["admin"])
    while not seen or seen[-1][1]:
        seen.append((time.monotonic(), await connection.fetchval(WAITING)))
        await asyncio.sleep(0.05)
    await connection.close()
    first = next((at, left) for at, left in seen if left < BACKLOG)
    return first[1] / (seen[-1][0] - first[0])


async def accepted(stage: Stage, rng: random.Random) -> bool:
    """One more command."""
    before = len(stage.clients.commands)
    await stage.clients.write(rng, 1)
    return any(c.outcome is Outcome.ACKNOWLEDGED for c in stage.clients.commands[before:])


async def waiting(stage: Stage) -> int:
    """Events that the producer has committed and not published."""
    rows = await stage.query(PRODUCER, WAITING)
    count: int = rows[0]["count"]
    return count


def warned(stage: Stage, who: str = PRODUCER) -> Counter[str]:
    """What its log warned of since it was asked last, and how often."""
    lines = [json.loads(line) for line in stage.said(who).splitlines() if line.startswith("{")]
    return Counter(line["event"] for line in lines if line.get("level") in {"warning", "error"})


def told_and_not_flooded(lines: Counter[str]) -> bool:
    return 1 <= max(lines.values(), default=0) <= SAME_LINE


async def poison_the_producer(stage: Stage, seed: int) -> Verdict:
    """Even seeds: a gap in its sequence numbers; odd ones: another producer of its name fences it."""
    rng, verdict, armed = random.Random(seed), Verdict(), STATE / f"poison-{seed}"
    await stage.kill(PRODUCER)
    await stage.start(PRODUCER, "tests.faults.broker:poisoned", str(armed))
    pid = stage.process(PRODUCER).pid
    async with stage.clients.writing(rng, clients=4, pause=0.01):
        await asyncio.sleep(rng.uniform(1, 2))
        stage.said(PRODUCER)
        before = await takeovers(stage)
        if seed % 2:
            await _fence(stage)
        else:
            armed.touch()
        renewed = await until(lambda: _more(stage, before), within=30)
        await asyncio.sleep(0.5)
    verdict.figures |= {"renewed_seconds": renewed}
    verdict.check(renewed <= RENEWED, f"no new producer within {RENEWED:.0f} s: {renewed:.1f} s")
    verdict.check(
        stage.process(PRODUCER).pid == pid and stage.process(PRODUCER).is_alive(), "the service was restarted"
    )
    verdict.broken += await stage.books.close()
    lines = warned(stage)
    verdict.check(lines["relay starts again"] == 1, f"the relay's log says {dict(lines)}")
    return verdict


async def _fence(stage: Stage) -> None:
    other = AIOKafkaProducer(bootstrap_servers=stage.kafka, transactional_id=f"bassin.{PRODUCER}")
    await other.start()
    await other.begin_transaction()
    await other.commit_transaction()
    await other.stop()


async def takeovers(stage: Stage) -> float:
    return (await stage.metrics(PRODUCER)).get("bassin_relay_takeovers_total", 0.0)


async def _more(stage: Stage, before: float) -> bool:
    return await takeovers(stage) > before


def poisoned(name: str, armed: str) -> None:
    """The service, whose producer forgets how far it was in its numbering once `armed` exists."""
    original = KafkaLog._send

    async def send(self: KafkaLog, producer: AIOKafkaProducer, built: list[Built]) -> object:
        if os.path.exists(armed):  # noqa: ASYNC240, PTH110 - as quick as a failpoint
            os.unlink(armed)  # noqa: PTH108
            for topic in self._topics:
                for number in await producer.partitions_for(topic):
                    producer._txn_manager.increment_sequence_number(TopicPartition(topic, number), 7)
        return await original(self, producer, built)

    setattr(KafkaLog, "_send", send)  # noqa: B010 - mypy takes no assignment to a method
    serve(name)


WAITING = "SELECT count(*) FROM infra.outbox"
FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F5",
        title="the only broker restarts, asked to and killed",
        run=restart_the_broker,
        seeds=2,
        busy=True,
        least=frozenset({"accepted", "events_per_second"}),
        moves=("hr_networks:bassin_relay_published_total",),
    ),
    Fault(
        name="F8",
        title="a poisoned producer: a gap in its sequence, or fenced",
        run=poison_the_producer,
        seeds=4,
        moves=("hr_networks:bassin_relay_takeovers_total",),
    ),
)
