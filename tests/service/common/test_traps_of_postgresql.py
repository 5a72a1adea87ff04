"""What PostgreSQL and asyncpg's pool let through unless told otherwise: here seen happen, and then not to us."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer
from tests.service.common import probe
from tests.service.common.probe import LILLE, PRODUCER

from common import outbox
from common.clock import Clock
from common.contracts.catalogue import STREAMS
from common.contracts.hr_networks import FACTS
from common.db import OURS, PROBED, Database, connect
from common.identifiers import CodeAcademie

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
SEEN = "SELECT count(*) FROM idempotency"
SET = "SELECT current_setting('bassin.academies', true)"
LOCKED = """
SELECT count(*) FROM pg_locks
WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
ROW = """
INSERT INTO idempotency (academie, agent, method, path, key, body_sha256)
VALUES ('09', gen_random_uuid(), 'POST', '/', 'k', '')
"""


@pytest.fixture
async def urls(database: "Callable[[str], ServiceUrls]") -> "ServiceUrls":
    """With one row of académie 09."""
    found = database("training")
    admin = await asyncpg.connect(found.admin)
    await admin.execute(ROW)
    await admin.close()
    return found


@pytest.fixture
async def pool(urls: "ServiceUrls") -> AsyncIterator[Pool]:
    """Ours, of one connection: whoever comes next gets what the one before left."""
    made = await connect(urls.app, size=1)
    yield made
    await made.close()


async def test_an_owner_sees_everything_until_force(urls: "ServiceUrls") -> None:
    """Trap PostgreSQL 4."""
    owner = await asyncpg.connect(urls.owner)
    try:
        assert await owner.fetchval(SEEN) == 0
        await owner.execute("ALTER TABLE idempotency NO FORCE ROW LEVEL SECURITY")
        assert await owner.fetchval(SEEN) == 1
    finally:
        await owner.close()


async def test_what_is_set_for_a_session_reaches_the_next_user_of_the_connection(pool: Pool) -> None:
    """Trap PostgreSQL 4."""
    async with pool.acquire() as first:
        await first.execute("SELECT set_config('bassin.academies', '09', false)")
    async with pool.acquire() as second:
        assert await second.fetchval(SEEN) == 1


async def test_ours_is_set_for_the_transaction_and_reaches_nobody(pool: Pool) -> None:
    """Trap PostgreSQL 4: and with no académie set there are 0 rows."""
    async with Database("training", pool, Clock()).batch([CodeAcademie("09")]) as tx:
        assert await tx.fetchval(SEEN) == 1

    async with pool.acquire() as second:
        assert (await second.fetchval(SEEN), await second.fetchval(SET)) == (0, "")


async def test_nor_when_the_transaction_fails(pool: Pool) -> None:
    """Trap PostgreSQL 4."""
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with Database("training", pool, Clock()).batch([CodeAcademie("09")]) as tx:
            await tx.fetchval("SELECT 1 / 0")

    async with pool.acquire() as second:
        assert (await second.fetchval(SEEN), await second.fetchval(SET)) == (0, "")


async def test_a_pool_takes_an_advisory_lock_away_when_the_connection_goes_back(urls: "ServiceUrls") -> None:
    """Trap PostgreSQL 6: why the relay holds its lock on a connection of its own."""
    async with asyncpg.create_pool(urls.app, min_size=1, max_size=1) as plain:
        async with plain.acquire() as connection:
            await connection.execute("SELECT pg_advisory_lock(7)")
            assert await connection.fetchval(LOCKED) == 1
        async with plain.acquire() as connection:
            assert await connection.fetchval(LOCKED) == 0


async def test_an_owner_changes_nothing_of_what_it_does_not_see(urls: "ServiceUrls") -> None:
    """Trap PostgreSQL 7: with FORCE a backfill by the owner updates 0 rows; data steps run as BYPASSRLS."""
    for url, changed in ((urls.owner, "UPDATE 0"), (urls.maint, "UPDATE 1")):
        connection = await asyncpg.connect(url)
        try:
            assert await connection.execute("UPDATE idempotency SET path = '/elsewhere'") == changed
        finally:
            await connection.close()


async def test_what_commits_late_under_a_lower_id_is_still_published(
    kafka: str, database: "Callable[[str], ServiceUrls]"
) -> None:
    """Trap PostgreSQL 1: a cursor `id > last` would have passed over it."""
    found, late, early = database(PRODUCER), uuid4(), uuid4()
    async with probe.own_topics(kafka, partitions=1) as suffix, probe.opened(PRODUCER, found) as db:
        relay = asyncio.create_task(probe.relay(found, kafka, suffix, db.on_commit).run())
        reader = AIOKafkaConsumer(STREAMS[FACTS].behind, bootstrap_servers=kafka, auto_offset_reset="earliest")
        await reader.start()
        try:
            async with asyncio.timeout(20):
                async with db.batch([LILLE]) as tx:
                    outbox.append(tx, LILLE, [probe.fact(late, late)])
                    await tx.flush()
                    lower = await tx.fetchval("SELECT max(id) FROM infra.outbox")
                    async with db.batch([LILLE]) as other:
                        outbox.append(other, LILLE, [probe.fact(early, early)])
                        await other.flush()
                        assert await other.fetchval("SELECT max(id) FROM infra.outbox") > lower
                    assert (await reader.getone()).key == str(early).encode()
                assert (await reader.getone()).key == str(late).encode()
        finally:
            await reader.stop()
            await probe.ended([relay])


async def test_either_side_of_our_connections_learns_within_seconds_that_the_other_is_gone(
    producer_urls: "ServiceUrls",
) -> None:
    """Left to the systems, one notices a cut cable after a quarter of an hour, and the other keeps the locks longer."""
    async with probe.opened(PRODUCER, producer_urls, size=1) as db, db.pool.acquire() as connection:
        told = [await connection.fetchval(f"SHOW {name}") for name in PROBED]
        wire: socket.socket = connection._transport.get_extra_info("socket")  # type: ignore[attr-defined]
        ours = {name: wire.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in OURS}

    assert told == ["2", "1", "3", "5000"]
    assert ours == OURS
