"""What a process knows of its own condition: gauges, readiness, and when writes must wait for the broker."""

import asyncio
import time

import asyncpg
import structlog

from common import metrics
from common.consumer import Consumer
from common.db import Database
from common.relay import Relay

log = structlog.get_logger("bassin.watch")
EVERY = 2.0  # seconds between two looks
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


async def run(db: Database, outbox_bound_seconds: float) -> None:
    """Until cancelled. Writes are suspended while the oldest unpublished event is older than the bound."""
    while True:
        try:
            oldest = await _look(db)
            db.behind_since = oldest if oldest > outbox_bound_seconds else None
        except AWAY as error:
            log.debug("no figures without the database", error=type(error).__name__)
        await asyncio.sleep(EVERY)


async def _look(db: Database) -> float:
    row = await db.pool.fetchrow(FIGURES, db.service)
    assert row is not None
    for gauge, value in (
        (metrics.outbox_depth, row["depth"]),
        (metrics.outbox_oldest, row["oldest"]),
        (metrics.inbox_held_waiting, row["waiting"]),
        (metrics.inbox_held_parked, row["parked"]),
        (metrics.inbox_held_oldest, row["held_oldest"]),
        (metrics.clock_ahead, time.time() - row["now"]),
        (metrics.db_pool_size, db.pool.get_size()),
        (metrics.db_pool_limit, db.pool.get_max_size()),
        (metrics.db_pool_in_use, db.pool.get_size() - db.pool.get_idle_size()),
    ):
        gauge.labels(db.service).set(value)
    oldest: float = row["oldest"]
    return oldest


async def database_trouble(db: Database) -> str | None:
    """None if the database answers and was migrated; older than this code is as bad as absent."""
    return None if await db.pool.fetchval(MIGRATED) else "not migrated: run bassin provision"


async def broker_trouble(consumer: Consumer, relay: Relay) -> str | None:
    return relay.stopped_for or consumer.waiting_for or None


async def drain(db: Database, relay: Relay, seconds: float) -> None:
    """Let the relay publish what the last requests wrote; what is left a standby or the next start publishes."""
    if relay.stopped_for or not relay.publishing:
        return
    try:
        async with asyncio.timeout(seconds):
            while await db.pool.fetchval("SELECT EXISTS (SELECT FROM infra.outbox)"):
                db.on_commit.set()
                await asyncio.sleep(0.02)
    except AWAY:
        log.info("events are left for the next relay")


MIGRATED = "SELECT to_regclass('infra.handler') IS NOT NULL"
FIGURES = """
SELECT o.*, h.*, extract(epoch FROM clock_timestamp())::float8 AS now FROM (
    SELECT count(*) AS depth, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS oldest
    FROM infra.outbox
) AS o, (
    SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting,
        count(*) FILTER (WHERE state = 'parked') AS parked,
        coalesce(extract(epoch FROM clock_timestamp() - min(held_at) FILTER (WHERE state = 'waiting')), 0)::float8
            AS held_oldest
    FROM infra.held WHERE consumer = $1
) AS h
"""
