"""What PostgreSQL and asyncpg's pool let through unless told otherwise: here seen happen, and then not to us."""

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, TypeAlias

import asyncpg
import pytest

from common.clock import Clock
from common.db import Database, connect
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
    owner = await asyncpg.connect(urls.owner)
    try:
        assert await owner.fetchval(SEEN) == 0
        await owner.execute("ALTER TABLE idempotency NO FORCE ROW LEVEL SECURITY")
        assert await owner.fetchval(SEEN) == 1
    finally:
        await owner.close()


async def test_what_is_set_for_a_session_reaches_the_next_user_of_the_connection(pool: Pool) -> None:
    async with pool.acquire() as first:
        await first.execute("SELECT set_config('bassin.academies', '09', false)")
    async with pool.acquire() as second:
        assert await second.fetchval(SEEN) == 1


async def test_ours_is_set_for_the_transaction_and_reaches_nobody(pool: Pool) -> None:
    async with Database("training", pool, Clock()).batch([CodeAcademie("09")]) as tx:
        assert await tx.fetchval(SEEN) == 1

    async with pool.acquire() as second:
        assert (await second.fetchval(SEEN), await second.fetchval(SET)) == (0, "")


async def test_nor_when_the_transaction_fails(pool: Pool) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with Database("training", pool, Clock()).batch([CodeAcademie("09")]) as tx:
            await tx.fetchval("SELECT 1 / 0")

    async with pool.acquire() as second:
        assert (await second.fetchval(SEEN), await second.fetchval(SET)) == (0, "")


async def test_a_pool_takes_an_advisory_lock_away_when_the_connection_goes_back(urls: "ServiceUrls") -> None:
    """Why the relay holds its lock on a connection of its own."""
    async with asyncpg.create_pool(urls.app, min_size=1, max_size=1) as plain:
        async with plain.acquire() as connection:
            await connection.execute("SELECT pg_advisory_lock(7)")
            assert await connection.fetchval(LOCKED) == 1
        async with plain.acquire() as connection:
            assert await connection.fetchval(LOCKED) == 0
