"""The database's own troubles are waited out; only a record that fails alone, again and again, is taken for poison."""

from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
import pytest
from tests.service.common import proxy
from tests.service.common.conftest import Listen
from tests.service.common.listening import Listening, states
from tests.service.common.probe import LISTENER, census, fact, opened

from common.batch import CONDEMNED
from common.contracts.events import Fact
from common.contracts.hr_networks import CensusOpened
from common.tx import Tx

POISON, TIME_OUT = "poison", "time-out"


async def obey(tx: Tx, heard: Fact[CensusOpened]) -> None:
    if heard.event.object == POISON:
        raise RuntimeError("this one cannot be applied")
    if heard.event.object == TIME_OUT:
        await tx.execute("SELECT set_config('statement_timeout', '1ms', true)")
        await tx.execute("SELECT pg_sleep(1)")


class Attempts:
    """A handler that fails for a while; `calls` counts how often it was tried."""

    def __init__(self, error: Exception, *, times: int = 1_000) -> None:
        self.error, self.times, self.calls = error, times, 0

    async def __call__(self, tx: Tx, heard: Fact[CensusOpened]) -> None:
        self.calls += 1
        if self.calls <= self.times:
            raise self.error


async def test_a_transient_error_parks_nothing_and_the_batch_is_tried_again(listen: Listen) -> None:
    attempts = Attempts(asyncpg.DeadlockDetectedError("deadlock"), times=2)
    listening, eve = await listen(attempts), uuid4()
    batch = [listening.producer.send(census(eve)), listening.producer.send(fact(eve, eve))]

    for _ in range(2):
        with pytest.raises(asyncpg.DeadlockDetectedError):
            await listening.hear(*batch)
    await listening.hear(*batch)

    assert (await listening.noted(eve), await listening.held()) == ([1, 2], [])


async def until_applied(listening: Listening, *batch: Any) -> int:
    """As the consumer does: the same batch again; returns the number of failures."""
    for failures in range(10):
        try:
            await listening.hear(*batch)
        except asyncpg.QueryCanceledError:
            continue
        return failures
    raise AssertionError("never applied")


async def test_a_record_that_fails_alone_four_times_while_the_database_is_well_is_parked(listen: Listen) -> None:
    listening, ana, eve = await listen(obey), uuid4(), uuid4()
    batch = [listening.producer.send(e) for e in (fact(ana, ana), census(eve, TIME_OUT), fact(ana, ana))]

    failures = await until_applied(listening, *batch)

    assert (failures, await listening.noted(ana)) == (4, [1, 2])
    assert await listening.held() == [("parked", 1, CONDEMNED)]


async def test_a_record_that_finds_no_room_is_never_taken_for_poison(listen: Listen) -> None:
    """The database answers well enough while its disk is full: it is not asked whose fault that is."""
    attempts = Attempts(asyncpg.DiskFullError("could not extend file"), times=6)
    listening, eve = await listen(attempts), uuid4()
    sent = listening.producer.send(census(eve))

    for _ in range(attempts.times):
        with pytest.raises(asyncpg.DiskFullError):
            await listening.hear(sent)
    await listening.hear(sent)

    assert (await listening.noted(eve), await listening.held()) == ([1], [])


async def test_a_poison_in_the_same_batch_does_not_hide_the_one_that_times_out(listen: Listen) -> None:
    listening, ana, eve, tom = await listen(obey), uuid4(), uuid4(), uuid4()
    wishes = (census(eve, POISON), census(tom, TIME_OUT), fact(ana, ana))

    await until_applied(listening, *(listening.producer.send(event) for event in wishes))

    assert await listening.noted(ana) == [1]
    assert states(await listening.held()) == [("parked", 1), ("parked", 1)]


class Accident:
    """The line to the database is cut in the middle of a record, as often as `left` says."""

    def __init__(self) -> None:
        self.line: proxy.Proxy | None = None
        self.left = 6

    async def __call__(self, tx: Tx, heard: Fact[CensusOpened]) -> None:
        if self.left and self.line is not None:
            self.left -= 1
            self.line.cut()
        await tx.execute("SELECT 1")


async def test_without_the_database_no_record_is_blamed(listen: Listen) -> None:
    accident = Accident()
    listening, eve = await listen(accident), uuid4()
    sent, failures = listening.producer.send(census(eve)), 0

    async with proxy.before(listening.urls.app) as accident.line:
        urls = msgspec.structs.replace(listening.urls, app=accident.line.url)
        async with opened(LISTENER, urls, size=2) as listening.inbox.db:
            while not await listening.noted(eve):
                accident.line.mend()
                try:
                    await listening.hear(sent)
                except (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError):
                    failures += 1

    assert (failures, await listening.held()) == (6, [])
