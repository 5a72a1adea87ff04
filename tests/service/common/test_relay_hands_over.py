"""One relay at a time, on a real Kafka and a real PostgreSQL: what the one before left is found, and it is fenced."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import ProducerFenced
from tests.service.common import probe, simulated
from tests.service.common.probe import PRODUCER, census, fact, state
from tests.service.common.simulated import identity, version

from common import metrics, relay, watch
from common.committed_log import CommittedLog, Logged, Place
from common.contracts.catalogue import CONTRACTS, STREAMS
from common.contracts.hr_networks import FACTS, PEOPLE
from common.db import Database
from common.kafka_log import KafkaLog
from common.relay import Relay

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

ANA = UUID(int=1)
STANDBY = 2.0  # seconds


class Side:
    """A producer's database and topics, with as many relays as a test starts."""

    def __init__(self, kafka: str, suffix: str, urls: "ServiceUrls", db: Database, ends: AsyncExitStack) -> None:
        self.kafka, self.suffix, self.urls, self.db, self._ends = kafka, suffix, urls, db, ends

    def relay(self) -> Relay:
        return probe.relay(self.urls, self.kafka, self.suffix)

    def log(self, kafka: str) -> KafkaLog:
        return KafkaLog(kafka, f"{PRODUCER}.{self.suffix}", [s.name for s in CONTRACTS[PRODUCER].streams])

    def running(self) -> tuple[Relay, "asyncio.Task[None]"]:
        made = self.relay()
        task = asyncio.create_task(made.run())
        self._ends.push_async_callback(probe.ended, [task])
        return made, task

    async def told(self, stream: str = FACTS) -> list[Logged]:
        """What a reader of committed records finds."""
        log = CommittedLog(self.kafka, [stream])
        return [record async for chunk, _ in log.read({}) for record in chunk]

    async def drained(self) -> bool:
        rows = await probe.query(self.urls, "SELECT 1 FROM infra.outbox LIMIT 1")
        return not rows

    async def end_sessions(self) -> None:
        superuser = await asyncpg.connect(self.urls.admin)
        await simulated.end_sessions(superuser, self.urls)
        await superuser.close()


@pytest.fixture
async def side(kafka: str, producer_urls: "ServiceUrls", producer: Database) -> AsyncIterator[Side]:
    async with AsyncExitStack() as ends:
        suffix = await ends.enter_async_context(probe.own_topics(kafka, partitions=2))
        yield Side(kafka, suffix, producer_urls, producer, ends)
    metrics.relay_stopped.labels(PRODUCER).set(0)


async def publishing(made: Relay) -> bool:
    return made.publishing


async def stopped(made: Relay) -> bool:
    return bool(made.stopped_for) and metrics.relay_stopped.labels(PRODUCER)._value.get() == 1


async def accepted(side: Side) -> bool:
    return side.db.behind_since is None


async def test_one_of_two_relays_publishes_and_the_other_stands_by(side: Side) -> None:
    first, second = side.running()[0], side.running()[0]

    await probe.command(side.db, *(fact(ANA, uuid4()) for _ in range(5)))
    await probe.eventually(side.drained)
    await asyncio.sleep(0.5)

    assert sorted([first.publishing, second.publishing]) == [False, True]
    assert [version(record) for record in await side.told()] == [1, 2, 3, 4, 5]


async def test_a_standby_takes_over_within_two_seconds_of_a_dead_one(side: Side) -> None:
    first, task = side.running()
    await probe.eventually(partial(publishing, first))
    second, _ = side.running()
    await asyncio.sleep(0.2)
    assert not second.publishing

    task.cancel()
    await probe.eventually(partial(publishing, second), within=STANDBY)
    await probe.command(side.db, fact(ANA, uuid4()))
    await probe.eventually(side.drained)


async def test_relays_whose_connections_end_again_and_again_repeat_and_reorder_nothing(side: Side) -> None:
    for _ in range(2):
        side.running()
    subjects = [uuid4() for _ in range(3)]
    for number in range(12):
        await probe.command(side.db, *(fact(subject, uuid4()) for subject in subjects), state(ANA, str(number)))
        if number % 4 == 3:
            await side.end_sessions()
    await probe.eventually(side.drained)

    told = await side.told()
    for subject in subjects:
        assert [version(r) for r in told if r.key == str(subject).encode()] == list(range(1, 13))
    assert max(Counter(map(identity, told)).values()) == 1
    assert [version(record) for record in await side.told(PEOPLE)] == list(range(1, 13))


async def test_rows_on_their_way_are_told_by_a_hash_however_often_the_statement_was_used(side: Side) -> None:
    """Compared one by one, a backlog was drained at a quarter of its rate once PostgreSQL planned for any value."""
    await probe.command(side.db, *(fact(uuid4(), ANA) for _ in range(50)))
    async with side.relay().owner() as connection:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        plan = await connection.fetch(f"EXPLAIN {relay.VISIBLE}", 10, list(range(1000)))
    said = "\n".join(row[0] for row in plan)
    assert "hashed SubPlan" in said
    assert "Index Scan using outbox_pkey" in said


async def test_a_relay_that_has_not_noticed_its_end_is_fenced(side: Side) -> None:
    """Stopped between reading its rows and sending them; meanwhile its connection ended and another took over."""
    old = side.relay()
    async with old.owner() as connection:
        await old.take_over(connection)
        await probe.command(side.db, state(ANA, "old"), state(ANA, "new"))
        rows = await connection.fetch(relay.VISIBLE, 1, [])
        await side.end_sessions()
        side.running()
        await probe.eventually(side.drained)

        with pytest.raises(ProducerFenced):
            await old.log.publish([relay._outgoing(row) for row in rows])
        old.log.abandon()

    assert [version(record) for record in await side.told(PEOPLE)] == [1, 2]


async def test_what_a_dead_relay_left_open_is_ended_and_what_it_sent_is_found(side: Side) -> None:
    dead = side.relay()
    async with dead.owner() as connection:
        known = await dead.take_over(connection)
        await probe.command(side.db, fact(ANA, uuid4()))
        await dead.log.publish([relay._outgoing(row) for row in await connection.fetch(relay.VISIBLE, 1, [])])
        await probe.command(side.db, fact(ANA, uuid4()))
        assert isinstance(dead.log, KafkaLog)
        producer = dead.log._producer
        assert producer is not None
        await producer.begin_transaction()
        await producer.send_and_wait(STREAMS[FACTS].behind, b"left open", partition=0)

    side.running()
    await probe.eventually(side.drained)

    assert known.keys() == {(s.name, p) for s in CONTRACTS[PRODUCER].streams for p in (0, 1)}
    assert [version(record) for record in await side.told()] == [1, 2]
    dead.log.abandon()


async def test_a_record_too_large_for_the_broker_stops_the_relay_with_an_alert(side: Side) -> None:
    """It concerns the configuration: neither this record nor any after it is passed over."""
    admin = AIOKafkaAdminClient(bootstrap_servers=side.kafka)
    await admin.start()
    topic = STREAMS[FACTS].behind
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": "2000"})])
    await admin.close()
    await probe.command(side.db, census(ANA, "x" * 4000), fact(ANA, uuid4()))

    made, task = side.running()
    await probe.eventually(partial(stopped, made))
    await asyncio.wait_for(task, 2)

    assert await side.told() == []
    assert len(await probe.query(side.urls, "SELECT 1 FROM infra.outbox")) == 2


async def test_a_row_of_a_stream_that_the_relay_does_not_know_is_neither_published_nor_forgotten(side: Side) -> None:
    made = side.relay()
    made.log = KafkaLog(side.kafka, f"{PRODUCER}.{side.suffix}", [FACTS])
    await probe.command(side.db, fact(ANA, uuid4()), state(ANA, "unknown"))

    async with made.owner() as connection:
        with pytest.raises(KeyError, match=PEOPLE):
            await made.publish_next(connection, relay.Reached(await made.take_over(connection)))
    made.log.abandon()

    assert len(await probe.query(side.urls, "SELECT 1 FROM infra.outbox")) == 2
    assert await side.told() == []


async def test_topics_that_end_before_what_was_published_stop_it_too(side: Side) -> None:
    await probe.query(side.urls, "INSERT INTO infra.published VALUES ($1, 0, 1000)", FACTS)

    made, _ = side.running()

    await probe.eventually(partial(stopped, made))
    assert "LogShortened" in made.stopped_for


async def test_while_the_broker_is_away_commands_succeed_until_too_much_is_unpublished(
    side: Side, kafka: str, caplog: pytest.LogCaptureFixture
) -> None:
    side.kafka = "127.0.0.1:9"
    away, _ = side.running()
    looking = asyncio.create_task(watch.run(side.db, 0.5))

    async def refused() -> bool:
        return side.db.behind_since is not None

    await probe.command(side.db, fact(ANA, uuid4()))
    assert side.db.behind_since is None
    await probe.eventually(refused)
    assert not away.publishing
    told = [r for r in caplog.records if r.name == "bassin.relay" and r.levelno >= logging.WARNING]
    assert len(told) == 1  # not one for each attempt

    away.log = side.log(kafka)
    await probe.eventually(side.drained)
    await probe.eventually(partial(accepted, side), within=2 * watch.EVERY)
    await probe.ended([looking])


class Longer(CommittedLog):
    """Whose topics ended further on when it looked than what can be read now: a broker lost its newest records."""

    async def _ends(self, *asked: Any) -> dict[Place, int]:
        return {place: end + 5 for place, end in (await super()._ends(*asked)).items()}


@pytest.fixture
async def one_lost(side: Side, monkeypatch: pytest.MonkeyPatch) -> Longer:
    """A log with one record, of which more were told; who waits for them does so for a second."""
    side.running()
    await probe.command(side.db, fact(uuid4(), ANA))
    await probe.eventually(side.drained)
    monkeypatch.setattr("common.committed_log.DEADLINE", 1.0)
    return Longer(side.kafka, [FACTS])


async def test_records_that_were_lost_meanwhile_are_not_waited_for_without_end(one_lost: Longer) -> None:
    chunks: list[list[Logged]] = []

    with pytest.raises(TimeoutError, match="nothing more can be read"):
        await asyncio.wait_for(read_to_the_end(one_lost, chunks), 20)

    assert sum(map(len, chunks)) == 1


async def test_what_the_reader_does_with_a_chunk_is_not_waiting_for_the_broker(one_lost: Longer) -> None:
    chunks: list[list[Logged]] = []

    with pytest.raises(TimeoutError, match="nothing more can be read"):
        await asyncio.wait_for(read_to_the_end(one_lost, chunks, seconds=1.5), 30)

    after = chunks[next(number for number, chunk in enumerate(chunks) if chunk) + 1 :]
    assert len(after) >= 3, "given up though it was hardly looked"


async def read_to_the_end(log: CommittedLog, chunks: list[list[Logged]], *, seconds: float = 0.0) -> None:
    """`seconds`: how long each chunk keeps the reader busy."""
    async for chunk, _ in log.read({}):
        chunks.append(chunk)
        await asyncio.sleep(seconds)
