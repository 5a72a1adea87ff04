"""Runs the jobs of a service: each in one transaction, in one replica at a time, as often as it asks."""

import asyncio
import random
import time
from collections.abc import Collection, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import structlog

from common import metrics, trace
from common.db import Database
from common.handlers import Job
from common.identifiers import CodeAcademie
from common.logs import UNAVAILABLE
from common.tx import Tx

log = structlog.get_logger("bassin.jobs")
DATABASE_AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,  # no room on its disk, no connection left
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
APART = 60.0  # seconds; the gauge clock_ahead is alerted long before


class ClocksApart(Exception):
    """Our clock or the database's is wrong: what begins because time passed, and cannot be undone, waits."""


class Timekeeper:
    def __init__(self, db: Database, academies: Collection[CodeAcademie], jobs: Sequence[Job]) -> None:
        self._db, self._academies, self._jobs = db, academies, jobs

    def loops(self) -> list[Coroutine[Any, Any, None]]:
        """One a job: each is seen to go on."""
        return [self._repeat(job) for job in self._jobs]

    async def _repeat(self, job: Job) -> None:
        """For ever; replicas drift apart so that they do not all ask for the same lock at once."""
        while True:
            await self.once(job)
            await asyncio.sleep(job.period.total_seconds() * random.uniform(0.9, 1.1))  # noqa: S311 - no secret

    async def once(self, job: Job) -> None:
        """A failure is told once a run and leaves nothing behind: the job finds the same work again."""
        service = self._db.service
        with trace.continued(None), metrics.job_duration.labels(service, job.name).time():
            try:
                await self.do(job)
            except DATABASE_AWAY as error:
                said = {"job": job.name, "error": type(error).__name__}
                UNAVAILABLE.warning("job waits for the database", extra=said)
            except ClocksApart as error:
                UNAVAILABLE.error("jobs wait until the clocks agree", extra={"job": job.name, "error": str(error)})
            except Exception:
                metrics.job_failures.labels(service, job.name).inc()
                log.exception("job failed", job=job.name)
            else:
                metrics.job_last_success.labels(service, job.name).set(datetime.now(UTC).timestamp())

    async def do(self, job: Job) -> None:
        """One run in one transaction; nothing if another replica is at it.

        Raises:
            ClocksApart: this process and the database do not agree what time it is.
        """
        async with self._db.batch(self._academies) as tx:
            if not await _mine(tx, job):
                return
            done = await job.run(tx, tx.at)
        if done:
            log.info("job done", job=job.name, done=done)


async def _mine(tx: Tx, job: Job) -> bool:
    row = await tx.fetchrow(CLAIM, f"bassin.job.{job.name}")
    assert row is not None
    ahead = time.time() - row["now"]
    if abs(ahead) > APART:
        raise ClocksApart(f"ours is {ahead:+.0f} s ahead of the database's")
    mine: bool = row["mine"]
    return mine


CLAIM = """
SELECT pg_try_advisory_xact_lock(hashtext($1)) AS mine, extract(epoch FROM clock_timestamp())::float8 AS now
"""
