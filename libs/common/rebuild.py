"""A projection built again from the topics, beside the live one, and put in its place in one transaction."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias
from uuid import UUID

import asyncpg
from msgspec import Struct

from common import held, parking, roster
from common.clock import Clock
from common.committed_log import CommittedLog, Place
from common.db import SESSION, Database
from common.differences import Difference, difference
from common.handlers import Projection, Table
from common.identifiers import CodeAcademie
from common.inbox import Inbox
from common.migrate import ServiceUrls, roles

Fetching: TypeAlias = "asyncpg.Pool[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
SHADOW = "rebuild"  # the schema in which the new tables are filled
LOCK = 0x72656275696C64  # "rebuild": the advisory lock of a database's one rebuild


class Rebuilt(Struct, frozen=True):
    """What was built beside the live tables, and whether it was put in their place."""

    tables: Sequence[Difference]
    parked: int  # records that could not be applied, as in the live projection
    switched: bool


class RebuildInProgress(Exception):
    """Another rebuild of this database is at work: the two would fill the same tables."""


class Rebuild:
    """Of one projection. Reads under a consumer name of its own; publishes, mails and audits nothing."""

    def __init__(self, urls: ServiceUrls, kafka: str, service: str, projection: Projection) -> None:
        self._urls, self._projection = urls, projection
        self._table = Table(service, [projection], None)
        self._live = service
        self._name = f"{service}/rebuild/{projection.name}"
        self._log = CommittedLog(kafka, self._table.streams)

    async def run(self, academies: tuple[CodeAcademie, ...], *, switch: bool = True) -> Rebuilt:
        """Without `switch` it is built and compared only.

        Raises:
            RebuildInProgress: one at a time in a database; what one that was killed left behind is cleared first.
        """
        async with self._alone():
            await self._clear()
            try:
                await self._lay_out()
                async with self._pool() as pool:
                    inbox = Inbox(Database(self._live, pool, Clock()), self._table, academies, consumer=self._name)
                    await self._read(inbox, await self._targets(pool))
                    return await self._compare(inbox, pool, switch=switch)
            finally:
                await self._clear()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """The lock is its session's: it ends with this process, however that ends."""
        owner = await asyncpg.connect(self._urls.owner)
        try:
            if not await owner.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
                raise RebuildInProgress(self._live)
            yield
        finally:
            owner.terminate()

    @asynccontextmanager
    async def _pool(self) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
        session = {**SESSION, "search_path": f"{SHADOW}, public"}
        pool = await asyncpg.create_pool(self._urls.maint, min_size=1, max_size=2, server_settings=session)
        try:
            yield pool
        finally:
            await pool.close()

    async def _lay_out(self) -> None:
        """Empty tables like the live ones; row-level security stays with the live ones, the maint role passes it."""
        owner = await asyncpg.connect(self._urls.owner)
        try:
            maint = roles(self._live)["maint"]
            await owner.execute(f"CREATE SCHEMA {SHADOW}")
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

    async def _compare(self, inbox: Inbox, pool: "asyncpg.Pool[asyncpg.Record]", *, switch: bool) -> Rebuilt:
        """Hold the live consumer still, read what it did meanwhile, compare, and swap if that is wanted."""
        async with pool.acquire() as connection, connection.transaction():
            await connection.fetch(HOLD_LIVE, self._live)
            await self._read(inbox, await self._targets(connection))
            found = [await difference(connection, table, SHADOW) for table in self._projection.tables]
            if switch:
                for table in self._projection.tables:
                    await connection.execute("SELECT infra.swap($1)", table)
                await connection.execute(BUILT, self._projection.name)
            parked = len(await held.held(inbox, held.Wanted(state="parked")))
        return Rebuilt(found, parked, switch)

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
