"""PostgreSQL says why it ends a session, then ends it; who asks between the two gets an error of asyncpg's own."""

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import msgspec
import pytest
from tests.service.common import probe, proxy
from tests.service.common.probe import PRODUCER

from common import mail_sender, problem, timekeeper, watch
from common.batch import transient
from common.identifiers import CodeAcademie
from territory.imports import importer

if TYPE_CHECKING:
    from common.migrate import ServiceUrls


async def test_what_is_asked_before_the_end_has_arrived_waits_for_the_database(producer_urls: "ServiceUrls") -> None:
    """A restart of PostgreSQL ended a service that sent a mail at that moment, and one that looked for an import."""
    async with proxy.before(producer_urls.app) as line:
        urls = msgspec.structs.replace(producer_urls, app=line.url)
        async with probe.opened(PRODUCER, urls, size=1) as db:
            await db.pool.fetchval("SELECT 1")
            line.answering.half_open = True
            await probe.query(producer_urls, END)
            await asyncio.sleep(0.2)

            with pytest.raises(asyncpg.InternalClientError) as told:
                async with db.batch([CodeAcademie("09")]):
                    pass

    assert transient(told.value)
    assert isinstance(told.value, mail_sender.DATABASE_DOWN)
    assert isinstance(told.value, timekeeper.DATABASE_AWAY)
    assert isinstance(told.value, watch.AWAY)
    assert isinstance(told.value, problem.PASSING)
    assert isinstance(told.value, importer.AWAY)


def test_a_database_without_room_is_away_for_jobs_too() -> None:
    """As F18 saw it: a session whose first file could not be written failed each job at every turn, by name."""
    assert isinstance(asyncpg.DiskFullError("No space left on device"), timekeeper.DATABASE_AWAY)


END = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
