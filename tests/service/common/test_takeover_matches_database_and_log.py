"""What a relay does before it publishes, each rule by itself: on a real PostgreSQL, with topics in memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

import asyncpg
import pytest
from prometheus_client import Counter, Gauge
from tests.service.common import players, probe, simulated
from tests.service.common.players import Producer
from tests.service.common.probe import PRODUCER
from tests.service.common.simulated import MemoryLog, version

from common import metrics, relay
from common.committed_log import LogShortened, Place
from common.contracts.hr_networks import FACTS, PEOPLE
from common.db import Database
from common.relay import Relay, Replaced

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

ANA, BEN = UUID(int=2), UUID(int=4)  # one partition
HERE: Place = (FACTS, 0)
Running: TypeAlias = Callable[[], Awaitable[Relay]]


@pytest.fixture
async def side(producer_urls: "ServiceUrls", producer: Database) -> AsyncIterator[Producer]:
    """A producer whose relay has taken over once and published one fact of Ana's."""
    superuser = await asyncpg.connect(producer_urls.admin)
    await superuser.execute(players.SAID)
    found = Producer(producer_urls, producer, superuser)
    await found.command(ANA, ["fact"])
    await found.publish()
    try:
        yield found
    finally:
        await found.end_slow(well=False)
        await found.end_relay(found.relay)
        await superuser.close()


@pytest.fixture
async def running(side: Producer) -> AsyncIterator[Running]:
    """`await running()`: the relay as the service runs it."""
    async with AsyncExitStack() as ends:

        async def start() -> Relay:
            await side.end_relay(side.relay)
            made = Relay(service=PRODUCER, url=side.urls.relay, log=MemoryLog(side.topics), wake=asyncio.Event())
            task = asyncio.create_task(made.run())
            ends.push_async_callback(probe.ended, [task])
            return made

        yield start


def told(side: Producer) -> list[int]:
    """The versions of Ana's facts, as the topic holds them."""
    key = str(ANA).encode()
    return [version(r) for r in side.topics.log[HERE] if r is not None and r.key == key]


async def lost(side: Producer) -> list[tuple[str, int, bool]]:
    rows = await side.superuser.fetch("SELECT stream, version, republish FROM infra.lost_fact ORDER BY version")
    return [(row["stream"], row["version"], row["republish"]) for row in rows]


async def unsent(side: Producer) -> list[int]:
    rows = await side.superuser.fetch("SELECT version FROM infra.outbox ORDER BY id")
    return [row["version"] for row in rows]


def value(metric: Counter | Gauge, *labels: str) -> float:
    return float(metric.labels(PRODUCER, *labels)._value.get())


async def test_what_was_sent_before_the_relay_died_is_not_sent_again(side: Producer) -> None:
    await side.command(ANA, ["fact"])
    assert side.relay is not None
    side.relay.log.after = simulated.die
    await side.publish()
    assert (told(side), await unsent(side)) == ([1, 2], [2])

    await side.publish()

    assert (told(side), await unsent(side), await lost(side)) == ([1, 2], [], [])


async def test_what_a_restored_database_forgot_is_kept_and_its_subject_goes_on_above(side: Producer) -> None:
    copy, before = await side.copies.take(), value(metrics.lost_facts, FACTS)
    await side.command(ANA, ["fact", "fact"])
    await side.publish()
    await side.put_back(copy)

    await side.publish()
    await side.command(ANA, ["fact"])
    await side.publish()

    assert await lost(side) == [(FACTS, 2, False), (FACTS, 3, False)]
    assert told(side) == [1, 2, 3, 4]
    assert value(metrics.lost_facts, FACTS) == before + 2


async def test_a_version_that_another_event_has_taken_since_is_left_to_the_one_that_was_published(
    side: Producer,
) -> None:
    copy = await side.copies.take()
    await side.command(ANA, ["fact"])
    await side.publish()
    await side.put_back(copy)
    await side.command(ANA, ["fact", "fact"])
    assert await unsent(side) == [2, 3]

    await side.publish()
    assert (await lost(side), await unsent(side)) == ([(FACTS, 2, False)], [3, 4])
    await side.publish()

    assert told(side) == [1, 2, 3, 4]


async def test_rows_read_ahead_from_a_database_put_back_meanwhile_are_not_published(
    side: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may claim versions that were published before the database was put back."""
    monkeypatch.setattr(relay, "BATCH", 1)
    copy = await side.copies.take()
    await side.command(ANA, ["fact"])
    await side.publish()
    at_work = side.relay
    assert at_work is not None
    await side.command(ANA, ["fact", "fact"])
    forget = Relay._forget

    async def put_back(*asked: Any) -> dict[Place, int]:
        """Just before the next rows are read."""
        known = await forget(*asked)
        await side.put_back(copy)
        await side.command(ANA, ["fact"])
        return known

    monkeypatch.setattr(Relay, "_forget", put_back)
    with pytest.raises(Replaced):
        await at_work._relay.publish_next(at_work._connection, at_work._reached)
    assert await unsent(side) == [2]
    monkeypatch.undo()
    await at_work._read_the_log()
    await side.run_dry()

    assert (told(side), await unsent(side)) == ([1, 2, 3, 4], [])


async def test_of_a_lost_state_the_present_one_is_published_again(side: Producer) -> None:
    await side.command(ANA, ["state"])
    await side.publish()
    copy = await side.copies.take()
    await side.command(ANA, ["state"])
    await side.publish()
    await side.put_back(copy)

    await side.publish()
    assert await lost(side) == [(PEOPLE, 2, True)]
    await side.republish()
    await side.publish()

    first, _, third = (r for r in side.topics.records() if r.stream == PEOPLE)
    assert (version(third), third.value) == (3, first.value)
    assert await lost(side) == [(PEOPLE, 2, False)]


async def test_a_late_duplicate_is_only_counted(side: Producer) -> None:
    before = value(metrics.relay_late_duplicates, FACTS)
    side.topics.repeat(HERE, 0)

    await side.end_relay(side.relay)
    await side.publish()

    assert (await lost(side), await unsent(side)) == ([], [])
    assert value(metrics.relay_late_duplicates, FACTS) == before + 1


async def test_nothing_is_published_from_a_database_put_back_under_an_idle_relay(side: Producer) -> None:
    """Its first new event would have the version of one that is lost: the listeners would drop it as a fork."""
    copy = await side.copies.take()
    await side.command(ANA, ["fact"])
    await side.publish()
    await side.put_back(copy)
    await side.command(ANA, ["fact"])

    await side.publish()
    assert told(side) == [1, 2]
    await side.publish()

    assert told(side) == [1, 2, 3]


async def test_rows_of_a_database_put_back_meanwhile_are_not_deleted(
    side: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It knows less of the log than this relay: what lies between would be jumped over, and published twice."""
    monkeypatch.setattr(relay, "BATCH", 1)
    await side.command(ANA, ["fact", "fact"])
    copy = await side.copies.take()
    await side.publish()
    assert side.relay is not None
    side.relay.log.after = partial(side.put_back, copy)

    await side.publish()
    for _ in range(3):
        await side.publish()

    assert (told(side), await unsent(side), await lost(side)) == ([1, 2, 3], [], [])


async def test_a_row_that_is_committed_after_later_ones_is_not_skipped(side: Producer) -> None:
    await side.begin_slow(ANA, ["fact"])
    await side.command(BEN, ["fact"])
    await side.publish()
    await side.end_slow(well=True)

    await side.publish()

    assert (told(side), await unsent(side)) == ([1, 2], [])


async def test_topics_that_end_before_what_was_published_stop_the_relay_with_an_alert(
    side: Producer, running: Running
) -> None:
    side.topics.log[HERE].clear()

    made = await running()

    async def stopped() -> bool:
        return value(metrics.relay_stopped) == 1

    await probe.eventually(stopped)
    assert "LogShortened" in made.stopped_for
    metrics.relay_stopped.labels(PRODUCER).set(0)


async def test_so_do_topics_that_were_made_anew_under_a_relay_at_work(side: Producer) -> None:
    for _ in range(3):
        await side.command(ANA, ["fact"])
        await side.publish()
    side.topics.log[HERE].clear()
    await side.command(ANA, ["fact"])

    with pytest.raises(LogShortened):
        await side.publish()
    assert await unsent(side) == [5]


async def test_an_idle_relay_compares_the_ends_with_what_it_knows(
    side: Producer, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "COMPARE", 0.05)
    made = await running()
    before = value(metrics.relay_late_duplicates, FACTS)

    async def publishing() -> bool:
        return made.publishing

    await probe.eventually(publishing)
    side.topics.repeat(HERE, 0)

    async def noticed() -> bool:
        return value(metrics.relay_late_duplicates, FACTS) == before + 1

    await probe.eventually(noticed, within=5)
