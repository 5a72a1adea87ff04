"""Runs the jobs of a service: each in one transaction, in one replica at a time, as often as it asks."""

import asyncio
import random
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

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
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


class Timekeeper:
    def __init__(self, db: Database, academies: Collection[CodeAcademie], jobs: Sequence[Job]) -> None:
        self._db, self._academies, self._jobs = db, academies, jobs

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for job in self._jobs:
                group.create_task(self._repeat(job))

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
            except Exception:
                metrics.job_failures.labels(service, job.name).inc()
                log.exception("job failed", job=job.name)
            else:
                metrics.job_last_success.labels(service, job.name).set(datetime.now(UTC).timestamp())

    async def do(self, job: Job) -> None:
        """One run in one transaction; nothing if another replica is at it."""
        async with self._db.batch(self._academies) as tx:
            if not await _mine(tx, job):
                return
            done = await job.run(tx, tx.at)
        if done:
            log.info("job done", job=job.name, done=done)


async def _mine(tx: Tx, job: Job) -> bool:
    got: bool = await tx.fetchval("SELECT pg_try_advisory_xact_lock(hashtext($1))", f"bassin.job.{job.name}")
    return got
