"""A projection built again from the topics, beside the live one, and put in its place in one transaction."""

from collections.abc import Mapping
from typing import TypeAlias
from uuid import UUID

import asyncpg
from msgspec import Struct

from common import held, parking, roster
from common.clock import Clock
from common.db import SESSION, Database
from common.handlers import Projection, Table
from common.identifiers import CodeAcademie
from common.inbox import Inbox
from common.kafka_log import KafkaLog, Place
from common.migrate import ServiceUrls, roles

Fetching: TypeAlias = "asyncpg.Pool[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
SHADOW = "rebuild"  # the schema in which the new tables are filled


class Rebuilt(Struct, frozen=True):
    """What was put in place: rows before and after, per table."""

    rows: Mapping[str, tuple[int, int]]
    parked: int  # records that could not be applied, as in the live projection


class Rebuild:
    """Of one projection. Reads under a consumer name of its own; publishes, mails and audits nothing."""

    def __init__(self, urls: ServiceUrls, kafka: str, service: str, projection: Projection) -> None:
        self._urls, self._projection = urls, projection
        self._table = Table(service, [projection], None)
        self._live = service
        self._name = f"{service}/rebuild/{projection.name}"
        self._log = KafkaLog(kafka, service, self._table.streams)

    async def run(self, academies: tuple[CodeAcademie, ...]) -> Rebuilt:
        await self._lay_out()
        pool = await asyncpg.create_pool(
            self._urls.maint, min_size=1, max_size=2, server_settings={**SESSION, "search_path": f"{SHADOW}, public"}
        )
        try:
            inbox = Inbox(Database(self._live, pool, Clock()), self._table, academies, consumer=self._name)
            await self._read(inbox, await self._targets(pool))
            return await self._replace(inbox, pool)
        finally:
            await pool.close()
            await self._clear()

    async def _lay_out(self) -> None:
        """Empty tables like the live ones; row-level security stays with the live ones, the maint role passes it."""
        owner = await asyncpg.connect(self._urls.owner)
        try:
            maint = roles(self._live)["maint"]
            await owner.execute(f"DROP SCHEMA IF EXISTS {SHADOW} CASCADE; CREATE SCHEMA {SHADOW}")
            for table in self._projection.tables:
                await owner.execute(f"CREATE TABLE {SHADOW}.{table} (LIKE public.{table} INCLUDING ALL)")
            await owner.execute(f'GRANT USAGE ON SCHEMA {SHADOW} TO "{maint}"')
            await owner.execute(f'GRANT ALL ON ALL TABLES IN SCHEMA {SHADOW} TO "{maint}"')
        finally:
            await owner.close()

    async def _targets(self, connection: Fetching) -> dict[Place, int]:
        """How far to read: where the live consumer is, to the end of what it never read."""
        rows = await connection.fetch(roster.PLACES, self._live)
        return {**await self._log.ends(), **{(r["stream"], r["partition"]): r["next"] for r in rows}}

    async def _read(self, inbox: Inbox, targets: Mapping[Place, int]) -> None:
        """Pass over what the live consumer passed over: records given up, versions that never came."""
        rows = await inbox.db.pool.fetch(PASSED, self._live)
        inbox.passed = frozenset((row["topic"], row["partition"], row["log_offset"]) for row in rows)
        since = await roster.places(inbox)
        inbox.positions = {place: since.get(place, 0) for place in targets}
        async for chunk, _ in self._log.read(since):
            if wanted := [record for record in chunk if record.offset < targets[record.stream, record.partition]]:
                await inbox.apply(wanted)
        for row in await inbox.db.pool.fetch(GAPS, inbox.consumer):
            await parking.bridge(inbox, row["stream"], UUID(int=row["subject"].int))

    async def _replace(self, inbox: Inbox, pool: "asyncpg.Pool[asyncpg.Record]") -> Rebuilt:
        """Hold the live consumer still, read what it did meanwhile, and swap."""
        async with pool.acquire() as connection, connection.transaction():
            await connection.fetch(HOLD_LIVE, self._live)
            await self._read(inbox, await self._targets(connection))
            tables = self._projection.tables
            swapped = {table: await connection.fetchrow("SELECT * FROM infra.swap($1)", table) for table in tables}
            await connection.execute(BUILT, self._projection.name)
            parked = len(await held.held(inbox, held.Wanted(state="parked")))
        return Rebuilt({t: (row["before"], row["after"]) for t, row in swapped.items() if row is not None}, parked)

    async def _clear(self) -> None:
        owner = await asyncpg.connect(self._urls.owner)
        try:
            await owner.execute(f"DROP SCHEMA IF EXISTS {SHADOW} CASCADE")
            for forget in FORGET:
                await owner.execute(forget, self._name)
        finally:
            await owner.close()


HOLD_LIVE = 'SELECT 1 FROM infra."offset" WHERE consumer = $1 ORDER BY stream, partition FOR UPDATE'
PASSED = "SELECT topic, partition, log_offset FROM infra.held WHERE consumer = $1 AND state = 'passed'"
FORGET = (
    "DELETE FROM infra.inbox WHERE consumer = $1",
    "DELETE FROM infra.held WHERE consumer = $1",
    "DELETE FROM infra.fork WHERE consumer = $1",
    'DELETE FROM infra."offset" WHERE consumer = $1',
)
GAPS = "SELECT DISTINCT stream, subject FROM infra.held WHERE consumer = $1 AND state = 'waiting'"
BUILT = "UPDATE infra.handler SET built_at = clock_timestamp() WHERE name = $1"
