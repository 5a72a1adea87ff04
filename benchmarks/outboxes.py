"""An outbox that the product's own transactions fill, and its relay on topics of its own."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg
from tests.service.common import probe

from benchmarks.decision import LILLE
from common import outbox
from common.contracts.events import Event
from common.contracts.hr_networks import CensusAnswered
from common.db import Database
from common.local.clones import clones
from common.local.run_servers import RunServers
from common.relay import Reached, Relay
from common.takeover import Connection
from common.uuid7 import uuid7

PARTITIONS = 12  # as in production
IN_ONE = 500  # events of one transaction
Sent: TypeAlias = tuple[bytes, bytes, list[tuple[str, bytes]]]  # key, value, headers


class Filled:
    """One service's outbox, and the relay that owns it."""

    def __init__(self, db: Database, relay: Relay, connection: Connection, reached: Reached) -> None:
        self.db, self._relay, self._connection, self._reached = db, relay, connection, reached

    async def fill(self, number: int) -> None:
        for _ in range(number // IN_ONE):
            async with self.db.batch([LILLE]) as tx:
                outbox.append(tx, LILLE, [answered() for _ in range(IN_ONE)])

    async def rows(self) -> list[asyncpg.Record]:
        return list(await self._connection.fetch("SELECT subject, headers, payload FROM infra.outbox ORDER BY id"))

    async def drain(self, number: int) -> float:
        """Events a second, from the first look at the table until it holds none of them."""
        began = time.perf_counter()
        while (reached := await self._relay.publish_next(self._connection, self._reached)) is not self._reached:
            self._reached = reached
        took = time.perf_counter() - began
        assert await self._connection.fetchval("SELECT count(*) FROM infra.outbox") == 0
        return number / took


@asynccontextmanager
async def filled(servers: RunServers) -> AsyncIterator[Filled]:
    kafka = servers.kafka()
    with clones(servers) as clone:
        urls = clone(probe.PRODUCER)
        async with (
            probe.own_topics(kafka, partitions=PARTITIONS) as suffix,
            probe.opened(probe.PRODUCER, urls) as db,
        ):
            relay = probe.relay(urls, kafka, suffix)
            async with relay.owner() as connection:
                try:
                    yield Filled(db, relay, connection, Reached(await relay.take_over(connection)))
                finally:
                    relay.log.abandon()


def answered() -> Event:
    """What hr_networks says most often."""
    return CensusAnswered(
        subject=uuid7(),
        census=uuid7(),
        uai="0590318A",
        revision=1,
        identified=2,
        persons=(uuid7(), uuid7()),
    )
