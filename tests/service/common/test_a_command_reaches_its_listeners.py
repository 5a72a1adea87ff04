"""The whole way on a real Kafka and a real PostgreSQL: command, outbox, relay, topic, consumer, effect."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from tests.service.common import probe
from tests.service.common.probe import AMIENS, LILLE, LISTENER, PRODUCER, fact, state

from common.consumer import Consumer
from common.db import Database
from common.inbox import Inbox

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

ROUNDS = 3


class Way:
    """A producer, its relay, and a listener, each of which can be ended without notice and started again."""

    def __init__(self, kafka: str, suffix: str, producer: "ServiceUrls", listening: "ServiceUrls") -> None:
        self.kafka, self.suffix, self.producer, self.listening = kafka, suffix, producer, listening
        self.table = probe.listener()

    @asynccontextmanager
    async def relaying(self, db: Database) -> AsyncIterator[None]:
        relay = probe.relay(self.producer, self.kafka, self.suffix, db.on_commit)
        task = asyncio.create_task(relay.run())
        try:
            yield
        finally:
            await probe.ended([task])

    @asynccontextmanager
    async def consuming(self) -> AsyncIterator[Consumer]:
        async with probe.opened(LISTENER, self.listening) as db:
            inbox = Inbox(db, self.table, [LILLE, AMIENS], consumer=f"{LISTENER}.{self.suffix}")
            consumer = Consumer(self.kafka, inbox)
            task = asyncio.create_task(consumer.run())
            try:
                yield consumer
            finally:
                await probe.ended([task])

    async def applied(self, number: int) -> bool:
        return len(await probe.noted(self.listening)) >= number


@pytest.fixture
async def way(kafka: str, database: "Callable[[str], ServiceUrls]") -> AsyncIterator[Way]:
    async with probe.own_topics(kafka) as suffix:
        found = Way(kafka, suffix, database(PRODUCER), database(LISTENER))
        await probe.lay_out(found.listening, found.table)
        yield found


async def test_what_a_command_decided_is_applied_once_and_in_order_elsewhere(way: Way) -> None:
    subjects = [uuid4() for _ in range(4)]
    async with AsyncExitStack() as running:
        db = await running.enter_async_context(probe.opened(PRODUCER, way.producer))
        await running.enter_async_context(way.relaying(db))
        await running.enter_async_context(way.consuming())

        for number in range(25):
            subject = subjects[number % 4]
            await probe.command(db, fact(subject, uuid4()), fact(subject, uuid4()), state(subject, f"n° {number}"))
        await probe.eventually(partial(way.applied, 50))

    assert in_order(await probe.noted(way.listening), subjects)
    newest = await probe.query(way.listening, "SELECT name FROM probe_state ORDER BY name")
    assert [row["name"] for row in newest] == ["n° 21", "n° 22", "n° 23", "n° 24"]


def in_order(found: list[tuple[UUID, int, UUID]], subjects: list[UUID]) -> bool:
    """Every version of each subject once, without gap."""
    per_subject = [[version for who, version, _ in found if who == subject] for subject in subjects]
    return all(versions == list(range(1, len(versions) + 1)) for versions in per_subject)


async def test_neither_side_loses_or_repeats_anything_when_both_are_ended_and_started_again(way: Way) -> None:
    subject = uuid4()
    for number in range(ROUNDS):
        async with probe.opened(PRODUCER, way.producer) as db, way.relaying(db):
            await probe.command(db, fact(subject, uuid4()))
            async with way.consuming():
                await probe.command(db, fact(subject, uuid4()))
                await probe.eventually(partial(way.applied, 2 * number + 1))

    async with probe.opened(PRODUCER, way.producer) as db, way.relaying(db), way.consuming():
        await probe.eventually(partial(way.applied, 2 * ROUNDS))
    assert in_order(await probe.noted(way.listening), [subject])
