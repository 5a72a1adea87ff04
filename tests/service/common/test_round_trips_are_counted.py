"""What the database is asked, counted on the wire: four round trips a command, and no more for a larger batch."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import msgspec
import pytest
from tests.service.common import probe, proxy
from tests.service.common.conftest import Listen
from tests.service.common.listening import Listening
from tests.service.common.probe import AMIENS, LILLE, LISTENER, PRODUCER, fact, opened, state

from common import audit, idempotency, outbox
from common.contracts.events import Fact
from common.contracts.hr_networks import PersonState
from common.handlers import Projection, Table
from common.idempotency import Command, Replayed
from common.identity import Agent
from common.tx import ProjectionTx

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

ANA = Agent(id=uuid4(), academie=LILLE)
LOCK = "SELECT version FROM infra.aggregate WHERE subject = $1 FOR UPDATE"
RECORD = "INSERT INTO infra.inbox VALUES ('probe', 's', $1, 1)"
Deciding = Callable[[str | None], Awaitable[int]]


@pytest.fixture
async def decide(producer_urls: "ServiceUrls") -> AsyncIterator[Deciding]:
    """A command like any other; returns how often the server was asked and answered."""
    async with proxy.before(producer_urls.app) as line:
        urls = msgspec.structs.replace(producer_urls, app=line.url)
        async with opened(PRODUCER, urls, size=1) as db:

            async def once(key: str | None) -> int:
                before = line.round_trips
                idempotency.current.set(Command("POST", "/v1/probe", key, b""))
                try:
                    async with db.transaction(ANA) as tx:
                        await tx.fetch(LOCK, uuid4())
                        await tx.execute(RECORD, uuid4())
                        outbox.append(tx, LILLE, [fact(uuid4(), uuid4()) for _ in range(3)])
                        audit.record(tx, LILLE, "probe.done", uuid4(), reason="parce que")
                        tx.answer(None, status=204)
                        assert tx.round_trips == 3  # COMMIT is still to come
                except Replayed:
                    pass
                return line.round_trips - before

            await once("warm")  # every connection prepares its statements once
            yield once


async def test_a_command_with_events_trace_and_stored_answer_takes_four(decide: Deciding) -> None:
    assert [await decide("k1"), await decide("k2")] == [4, 4]


async def test_a_twin_takes_its_claim_the_stored_answer_and_a_rollback(decide: Deciding) -> None:
    await decide("k1")
    await decide("k1")  # prepares what only twins ask

    assert await decide("k1") == 3


async def test_a_batch_takes_as_many_for_500_records_as_for_five(listen: Listen) -> None:
    listening, costs = await listen(), []
    async with proxy.before(listening.urls.app) as line:
        urls = msgspec.structs.replace(listening.urls, app=line.url)
        async with opened(LISTENER, urls, size=1) as listening.inbox.db:
            for size in (5, 5, 500):
                before = line.round_trips
                await listening.send(*(fact(UUID(int=n), uuid4()) for n in range(size)))
                costs.append(line.round_trips - before)

    assert costs[2] == costs[1] <= 11


async def test_the_academies_are_set_once_for_consecutive_records_of_the_same(listen: Listen) -> None:
    listening, costs = await listen(), []
    async with proxy.before(listening.urls.app) as line:
        urls = msgspec.structs.replace(listening.urls, app=line.url)
        async with opened(LISTENER, urls, size=1) as listening.inbox.db:
            for size in (1, 1, 20):
                before = line.round_trips
                one = [listening.producer.send(fact(uuid4(), ANA.id)) for _ in range(size)]
                other = [
                    listening.producer.send(fact(uuid4(), ANA.id), headers={"ce_academie": AMIENS}) for _ in range(size)
                ]
                await listening.hear(*one, *other)
                costs.append(line.round_trips - before)

    assert costs[2] == costs[1]


async def test_projections_that_hear_the_same_records_take_a_statement_each(
    database: "Callable[[str], ServiceUrls]",
) -> None:
    urls, table, costs = database(LISTENER), Table(LISTENER, [keeping("one"), keeping("other")], None), []
    await probe.lay_out(urls, table)
    async with (
        proxy.before(urls.app) as line,
        opened(LISTENER, msgspec.structs.replace(urls, app=line.url), size=1) as db,
    ):
        listening = Listening(urls, db, table)
        await listening.assign()
        for size in (5, 5, 50):
            before = line.round_trips
            await listening.send(*(state(uuid4(), "Martin") for _ in range(size)))
            costs.append(line.round_trips - before)

    assert costs[2] == costs[1] <= 12


def keeping(name: str) -> Projection:
    projection = Projection(name, tables=())

    @projection.on(PersonState)
    async def keep(tx: ProjectionTx, heard: Fact[PersonState]) -> None:
        tx.many(f"{probe.KEEP} -- {name}", [(heard.academie, heard.event.subject, heard.version, name)])

    return projection
