"""Broker and database come and go; the consumer waits without filling the log, goes on by itself, and ends in peace."""

import asyncio
import logging
import time
from contextlib import AsyncExitStack
from uuid import uuid4

import asyncpg
import pytest
from tests.service.common import probe, proxy
from tests.service.common.consuming import Consume, counted
from tests.service.common.probe import census, fact

from common import consumer as under_test
from common.consumer import Consumer
from common.contracts.events import Fact
from common.contracts.hr_networks import FACTS, CensusOpened
from common.tx import Tx


class Failing:
    """A handler whose database has deadlocks, for a while."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.calls: list[float] = []

    async def __call__(self, tx: Tx, heard: Fact[CensusOpened]) -> None:
        self.calls.append(asyncio.get_running_loop().time())
        if self.left:
            self.left -= 1
            raise asyncpg.DeadlockDetectedError("deadlock")


async def test_it_starts_without_a_broker_and_begins_when_there_is_one(
    consume: Consume, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap FastStream 18: broker.start() raises at once when Kafka is down."""
    monkeypatch.setattr(under_test, "WATCH", 0.05)
    consuming, ana = await consume(), uuid4()
    await consuming.send(fact(ana, uuid4()))
    async with proxy.before(f"kafka://@{consuming.kafka}") as line:
        line.cut()
        async with consuming.running(kafka=line.url.rpartition("@")[2]) as consumer:
            await asyncio.sleep(1)
            assert "KafkaConnectionError" in consumer.waiting_for
            line.mend()
            await consuming.until_noted(ana, 1)
            assert consumer.waiting_for == ""

    assert ours(caplog) == ["consumer starts again"]


async def test_of_several_brokers_one_that_is_there_is_enough(consume: Consume) -> None:
    """FastStream takes a text for one address, aiokafka for a list: `a:9092,b:9092` reached nobody."""
    consuming, ana = await consume(), uuid4()
    await consuming.send(fact(ana, uuid4()))
    async with consuming.running(kafka=f"127.0.0.1:9,{consuming.kafka}"):
        await consuming.until_noted(ana, 1)


def ours(caplog: pytest.LogCaptureFixture, level: int = logging.WARNING) -> list[str]:
    """What an operator reads."""
    return [r.message for r in caplog.records if r.name.startswith("bassin") and r.levelno >= level]


async def test_what_a_deadlock_interrupts_is_delivered_again_ever_more_slowly_and_said_once(
    consume: Consume, caplog: pytest.LogCaptureFixture
) -> None:
    """Trap FastStream 1: without a back-off NACK_ON_ERROR is a hot loop."""
    failing = Failing(times=3)
    consuming, ana = await consume(failing), uuid4()
    await consuming.send(fact(ana, uuid4()), census(ana), fact(ana, uuid4()))
    async with consuming.running():
        await consuming.until_noted(ana, 3)

    pauses = [after - before for before, after in zip(failing.calls, failing.calls[1:], strict=False)]
    assert len(pauses) == 3
    assert all(pause > least for pause, least in zip(pauses, (0.2, 0.4, 0.8), strict=True))
    assert await consuming.noted(ana) == [1, 2, 3]
    assert ours(caplog) == ["batch not applied"]
    assert len([r for r in caplog.records if r.exc_info]) == 0


async def test_hours_of_failures_do_not_end_the_back_off(consume: Consume, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "SLOWEST_RETRY", 0.5)
    failing = Failing(times=1)
    consuming, ana = await consume(failing), uuid4()
    await consuming.send(census(ana))
    async with consuming.running(made=Tired) as consumer:
        await consuming.until_noted(ana, 1)
        assert consumer._failures == 0

    assert failing.calls[1] - failing.calls[0] > 0.5


class Tired(Consumer):
    async def _back_off(self, error: Exception) -> None:
        self._failures = 2_000
        await super()._back_off(error)


async def test_a_database_that_is_away_is_waited_for(consume: Consume, caplog: pytest.LogCaptureFixture) -> None:
    consuming, ana = await consume(), uuid4()
    async with proxy.before(consuming.urls.app) as line, consuming.running(database=line.url) as consumer:
        await consuming.send(fact(ana, uuid4()))
        await consuming.until_noted(ana, 1)
        line.cut()
        await consuming.send(fact(ana, uuid4()))
        await probe.eventually(lambda: waits(consumer), what="it says that it waits")
        line.mend()
        await consuming.until_noted(ana, 2)

    assert await consuming.noted(ana) == [1, 2]
    assert len(ours(caplog)) <= 3, ours(caplog)


async def waits(consumer: Consumer) -> bool:
    return "Error" in consumer.waiting_for


class Slow:
    """A handler that ends when the test says so."""

    def __init__(self) -> None:
        self.begun, self.may_end = asyncio.Event(), asyncio.Event()

    async def __call__(self, tx: Tx, heard: Fact[CensusOpened]) -> None:
        self.begun.set()
        await self.may_end.wait()


async def test_told_to_end_it_finishes_the_batch_at_work_and_leaves_its_group(consume: Consume) -> None:
    """Traps FastStream 6 and 14: what was processed is committed, and the end waits for it."""
    slow = Slow()
    consuming, ana = await consume(slow), uuid4()
    await consuming.send(census(ana))
    async with AsyncExitStack() as replica:
        await replica.enter_async_context(consuming.running())
        await slow.begun.wait()
        ending = asyncio.create_task(replica.aclose())
        await asyncio.sleep(0.2)
        assert not ending.done()
        slow.may_end.set()
        await ending

    assert (await consuming.noted(ana), await consuming.next()) == ([1], 1)
    assert (await consuming.committed(), await consuming.members()) == (1, [])


async def test_told_to_end_while_it_backs_off_it_does_not_wait_for_the_next_attempt(consume: Consume) -> None:
    failing = Failing(times=1_000)
    consuming, ana = await consume(failing), uuid4()
    await consuming.send(census(ana))
    async with AsyncExitStack() as replica:
        await replica.enter_async_context(consuming.running(made=Tired))
        await probe.eventually(lambda: tried(failing))
        await asyncio.sleep(0.1)
        before = asyncio.get_running_loop().time()
        await replica.aclose()
        assert asyncio.get_running_loop().time() - before < 2


async def heard_lately() -> bool:
    return abs(time.time() - counted("consumer_last_poll_timestamp_seconds")) < 10


async def tried(failing: Failing) -> bool:
    return bool(failing.calls)


async def test_its_figures_move_and_come_to_rest(consume: Consume, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trap FastStream 10: no ping tells whether a consumer lives; these do."""
    monkeypatch.setattr(under_test, "WATCH", 0.05)
    slow = Slow()
    consuming, ana = await consume(slow), uuid4()
    await consuming.send(census(ana), *(fact(ana, uuid4()) for _ in range(9)))
    async with consuming.running():
        await slow.begun.wait()
        assert counted("consumer_assigned_partitions") == len(consuming.table.streams)
        slow.may_end.set()
        more = [consuming.producer.send(fact(ana, uuid4())) for _ in range(3)]
        await consuming.publish(*more, transactional_id=consuming.group)  # its marker is no record to be read
        await consuming.until_noted(ana, 13)
        await probe.eventually(lambda: is_(0, "consumer_lag_records", stream=FACTS))
        await probe.eventually(heard_lately)
        first = counted("consumer_last_poll_timestamp_seconds")
        await probe.eventually(lambda: grown(first))
    assert counted("consumer_assigned_partitions") == 0


async def is_(value: float, name: str, **labels: str) -> bool:
    return counted(name, **labels) == value


async def grown(first: float) -> bool:
    return counted("consumer_last_poll_timestamp_seconds") > first
