"""The place in the log is the database's, whatever the group's own offsets say: after a restore, a kill, a mistake."""

import asyncio
from collections.abc import Iterable, Mapping
from uuid import uuid4

import pytest
from aiokafka import TopicPartition
from tests.service.common import probe, proxy
from tests.service.common.consuming import Consume, Consuming, counted
from tests.service.common.listening import id_of
from tests.service.common.probe import LISTENER, fact

from common import roster
from common.cli import operate
from common.committed_log import Logged
from common.consumer import Consumer
from common.contracts.hr_networks import FACTS
from common.inbox import Inbox
from common.marks_store import STOP

FORGET = 'DELETE FROM infra."offset"', "DELETE FROM infra.inbox", "DELETE FROM probe_note"


async def restore(consuming: Consuming, first: Logged) -> None:
    """An older copy of the database: only the first record of the only subject was applied."""
    await consuming.query("DELETE FROM probe_note WHERE version > 1")
    await consuming.query("UPDATE infra.inbox SET version = 1, event_id = $1", id_of(first))
    await consuming.query('UPDATE infra."offset" SET next = 1 WHERE stream = $1', FACTS)


async def test_a_database_restored_while_the_service_was_away_reads_again_what_it_forgot(consume: Consume) -> None:
    consuming, ana = await consume(), uuid4()
    sent = await consuming.send(*(fact(ana, uuid4()) for _ in range(4)))
    async with consuming.running():
        await consuming.until_noted(ana, 4)
        await probe.eventually(lambda: is_committed(consuming, 4))
    await restore(consuming, sent[0])

    async with consuming.running():
        await consuming.until_noted(ana, 4)

    assert await consuming.noted(ana) == [1, 2, 3, 4]


async def is_committed(consuming: Consuming, offset: int) -> bool:
    return await consuming.committed() == offset


async def test_one_restored_under_a_running_consumer_is_read_again_though_nothing_new_arrives(consume: Consume) -> None:
    consuming, ana = await consume(), uuid4()
    sent = await consuming.send(*(fact(ana, uuid4()) for _ in range(4)))
    async with consuming.running():
        await consuming.until_noted(ana, 4)
        await restore(consuming, sent[0])
        await consuming.until_noted(ana, 4)

    assert await consuming.noted(ana) == [1, 2, 3, 4]


@pytest.mark.parametrize("arriving", [0, 1])
async def test_so_is_one_restored_from_before_it_read_anything(consume: Consume, arriving: int) -> None:
    consuming, ana = await consume(), uuid4()
    await consuming.send(*(fact(ana, uuid4()) for _ in range(3)))
    async with consuming.running():
        await consuming.until_noted(ana, 3)
        for statement in FORGET:
            await consuming.query(statement)
        await consuming.send(*(fact(ana, uuid4()) for _ in range(arriving)))
        await consuming.until_noted(ana, 3 + arriving)

    assert await consuming.noted(ana) == [*range(1, 4 + arriving)]


async def test_a_database_ahead_of_the_group_repeats_nothing(consume: Consume) -> None:
    consuming, ana, duplicates = await consume(), uuid4(), counted("inbox_duplicates_total", stream=FACTS)
    await consuming.send(*(fact(ana, uuid4()) for _ in range(4)))
    async with consuming.running():
        await consuming.until_noted(ana, 4)
    await consuming.pretend_committed(1)

    async with consuming.running():
        await consuming.send(fact(ana, uuid4()))
        await consuming.until_noted(ana, 5)

    assert counted("inbox_duplicates_total", stream=FACTS) == duplicates


async def test_nothing_polled_at_the_groups_offset_slips_in_before_the_seek(
    consume: Consume, monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiokafka fetches from the group's offset as soon as partitions are assigned, while the database is asked."""
    consuming, ana = await consume(), uuid4()
    await consuming.send(*(fact(ana, uuid4()) for _ in range(6)))
    await consuming.pretend_committed(4)
    monkeypatch.setattr(roster, "places", slowly)
    waiting = counted("inbox_waiting_total", stream=FACTS)

    async with consuming.running():
        await consuming.until_noted(ana, 6)

    assert await consuming.noted(ana) == [1, 2, 3, 4, 5, 6]
    assert counted("inbox_waiting_total", stream=FACTS) == waiting


AT_ONCE = roster.places


async def slowly(inbox: Inbox) -> Mapping[tuple[str, int], int]:
    found = await AT_ONCE(inbox)
    await asyncio.sleep(0.3)
    return found


async def test_a_database_that_is_away_when_partitions_are_assigned_is_asked_again(consume: Consume) -> None:
    consuming, ana = await consume(), uuid4()
    await consuming.send(fact(ana, uuid4()))
    async with proxy.before(consuming.urls.app) as line:

        class Unlucky(Consumer):
            unlucky = True

            async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
                if self.unlucky:
                    line.cut()
                self.unlucky = False
                await super().on_partitions_assigned(assigned)
                line.mend()

        async with consuming.running(database=line.url, made=Unlucky):
            await consuming.until_noted(ana, 1)


async def test_a_place_beyond_the_end_stops_the_consumer_until_an_operator_resumes_it(consume: Consume) -> None:
    """The broker lost what it had acknowledged: all is read again then, and the marks know what was applied."""
    consuming, ana, duplicates = await consume(), uuid4(), counted("inbox_duplicates_total", stream=FACTS)
    await consuming.send(*(fact(ana, uuid4()) for _ in range(2)))
    async with consuming.running():
        await consuming.until_noted(ana, 2)
    await consuming.query('UPDATE infra."offset" SET next = 100 WHERE stream = $1', FACTS)

    async with consuming.running() as consumer:
        await probe.eventually(lambda: is_stopped(consumer.waiting_for))
        assert "ends at 2, before 100" in (await consuming.reason() or "")
        assert counted("consumer_stopped") == 1
        assert (await consuming.members(), counted("consumer_assigned_partitions")) == ([], 0)
        assert await probe.resume(consumer.inbox)
        await consuming.send(fact(ana, uuid4()))
        await consuming.until_noted(ana, 3)
        await probe.eventually(lambda: runs(consumer.waiting_for))

    assert await consuming.noted(ana) == [1, 2, 3]
    assert counted("inbox_duplicates_total", stream=FACTS) == duplicates + 2
    assert counted("consumer_stopped") == 0


async def is_stopped(waiting_for: str) -> bool:
    return waiting_for.startswith(roster.STOPPED)


async def runs(waiting_for: str) -> bool:
    return not waiting_for


async def test_the_operators_command_says_whether_it_was_stopped(
    consume: Consume, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    consuming = await consume()
    await consuming.query(STOP, LISTENER, "for a test")
    monkeypatch.setenv("BASSIN_DATABASE_URL", consuming.urls.app)
    monkeypatch.setenv("BASSIN_ACADEMIES", "09,20")

    for _ in range(2):
        await asyncio.to_thread(operate.resume, LISTENER)

    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("resumed; it had stopped at ")
    assert (first[-12:], second) == (": for a test", "it was not stopped; the last time it had: for a test")
    assert await consuming.reason() is None
