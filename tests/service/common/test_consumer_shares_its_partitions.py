"""Replicas of one listener come, go and die: each record is applied once and in order, whoever reads it."""

import asyncio
import logging
import subprocess
import sys
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from tests.service.common import probe
from tests.service.common.consuming import Consume, Consuming, counted
from tests.service.common.probe import census, fact

from common.contracts.events import Fact
from common.contracts.hr_networks import FACTS, CensusOpened
from common.tx import Tx

if TYPE_CHECKING:
    from collections.abc import Iterator

VICTIM = Path(__file__).with_name("consumer_victim.py")
ROUNDS, PARTITIONS = 4, 3


async def test_replicas_that_join_and_leave_apply_each_record_once_and_in_order(consume: Consume) -> None:
    consuming = await consume(partitions=PARTITIONS)
    subjects = [uuid4() for _ in range(PARTITIONS)]
    async with consuming.running():
        for number in range(ROUNDS):
            async with AsyncExitStack() as second:
                if number % 2:
                    await second.enter_async_context(consuming.running())
                for partition, subject in enumerate(subjects):
                    await consuming.send(*(fact(subject, uuid4()) for _ in range(5)), partition=partition)
                await asyncio.sleep(0.1)
        for subject in subjects:
            await consuming.until_noted(subject, 5 * ROUNDS)

    for subject in subjects:
        assert await consuming.noted(subject) == [*range(1, 5 * ROUNDS + 1)]
    assert await consuming.query("SELECT * FROM infra.held") == []


async def test_two_replicas_share_the_partitions(consume: Consume) -> None:
    consuming = await consume(partitions=4)
    async with consuming.running() as first, consuming.running() as second:

        async def both_read() -> bool:
            return bool(first.inbox.positions) and bool(second.inbox.positions)

        await probe.eventually(both_read)
        assert set(first.inbox.positions).isdisjoint(second.inbox.positions)


async def test_killed_between_the_commit_and_the_offsets_it_has_applied_once(consume: Consume) -> None:
    consuming, ana, duplicates = await consume(), uuid4(), counted("inbox_duplicates_total", stream=FACTS)
    await consuming.send(*(fact(ana, uuid4()) for _ in range(3)))
    with victim_of(consuming) as victim:
        assert victim.stdout is not None
        assert await asyncio.to_thread(victim.stdout.readline) == b"committed to the database\n"
        victim.kill()
        victim.wait(5)
    await consuming.expel()
    assert (await consuming.noted(ana), await consuming.next()) == ([1, 2, 3], 3)

    await consuming.send(fact(ana, uuid4()))
    async with consuming.running():
        await consuming.until_noted(ana, 4)

    assert await consuming.noted(ana) == [1, 2, 3, 4]
    assert counted("inbox_duplicates_total", stream=FACTS) == duplicates


@contextmanager
def victim_of(consuming: Consuming) -> "Iterator[subprocess.Popen[bytes]]":
    suffix = consuming.consumer.rpartition(".")[2]
    command = [sys.executable, str(VICTIM), consuming.kafka, consuming.urls.app, suffix]
    root = Path(__file__).parents[3]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, env={"PYTHONPATH": str(root)})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class Slow:
    """A handler that ends when the test says so."""

    def __init__(self) -> None:
        self.begun, self.may_end = asyncio.Event(), asyncio.Event()

    async def __call__(self, tx: Tx, heard: Fact[CensusOpened]) -> None:
        self.begun.set()
        await self.may_end.wait()


async def test_a_commit_refused_by_the_group_is_a_duplicate_to_come(
    consume: Consume, caplog: pytest.LogCaptureFixture
) -> None:
    """Trap aiokafka 2: the group goes on without a member whose batch is at work; its commit then fails."""
    caplog.set_level(logging.INFO, "bassin.inbox")
    slow = Slow()
    consuming, ana = await consume(slow), uuid4()
    await consuming.send(census(ana))
    async with consuming.running():
        await slow.begun.wait()
        await consuming.expel()
        slow.may_end.set()
        await consuming.send(fact(ana, uuid4()))
        await consuming.until_noted(ana, 2)

    assert await consuming.noted(ana) == [1, 2]
    said = [str(vars(record).get("error")) for record in caplog.records if record.message == "offsets not committed"]
    assert "CommitFailedError" in said[0]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR and "bassin" in record.name]
