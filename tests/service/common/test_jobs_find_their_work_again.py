"""A job may be missed, fail or meet its twin: it leaves nothing half done and finds the same work again."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.service.common import probe

from common import audit, metrics, watch
from common.clock import Clock
from common.db import Database, connect
from common.handlers import Job
from common.identifiers import CodeAcademie
from common.metrics import REGISTRY
from common.timekeeper import Timekeeper
from common.tx import Tx
from common.uuid7 import uuid7

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

LILLE = CodeAcademie("09")
OFTEN = timedelta(milliseconds=1)


@pytest.fixture
async def db(database: "Callable[[str], ServiceUrls]") -> AsyncIterator[Database]:
    pool = await connect(database("training").app, size=4)
    yield Database("training", pool, Clock())
    await pool.close()


def timekeeper(db: Database, *jobs: Job) -> Timekeeper:
    return Timekeeper(db, [LILLE], jobs)


async def leave_a_trace(tx: Tx, at: datetime) -> int:
    audit.record(tx, LILLE, "worked", uuid7())
    await tx.flush()
    return 1


async def traces(db: Database) -> int:
    async with db.batch([LILLE]) as tx:
        found: int = await tx.fetchval("SELECT count(*) FROM audit WHERE action = 'worked'")
        return found


def failures(job: str) -> float:
    return REGISTRY.get_sample_value("bassin_job_failures_total", {"service": "training", "job": job}) or 0


async def test_a_job_that_fails_leaves_nothing_and_runs_again(db: Database) -> None:
    runs = 0

    async def stumble(tx: Tx, at: datetime) -> int:
        nonlocal runs
        runs += 1
        await leave_a_trace(tx, at)
        if runs < 3:
            raise LookupError
        return 1

    for _ in range(3):
        await timekeeper(db).once(Job("stumble", OFTEN, stumble))

    assert (failures("stumble"), await traces(db)) == (2, 1)


async def test_each_job_is_run_for_ever_beside_the_others(db: Database) -> None:
    twice: dict[str, asyncio.Event] = {"one": asyncio.Event(), "other": asyncio.Event()}
    begun: set[str] = set()

    def job(name: str) -> Job:
        async def run(tx: Tx, at: datetime) -> int:
            if name in begun:
                twice[name].set()
            begun.add(name)
            return 0

        return Job(name, OFTEN, run)

    running = [asyncio.create_task(loop) for loop in timekeeper(db, *map(job, twice)).loops()]
    async with asyncio.timeout(20):
        await asyncio.gather(*(event.wait() for event in twice.values()))
    await probe.ended(running)


async def test_replicas_do_a_job_one_at_a_time(db: Database) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def linger(tx: Tx, at: datetime) -> int:
        begun.set()
        await may_end.wait()
        return await leave_a_trace(tx, at)

    first = asyncio.ensure_future(timekeeper(db).once(Job("linger", OFTEN, linger)))
    await begun.wait()
    await timekeeper(db).once(Job("linger", OFTEN, linger))  # another replica, meanwhile
    may_end.set()
    await first

    assert await traces(db) == 1


async def test_a_database_that_is_away_is_waited_for_and_is_no_failure_of_the_job(db: Database) -> None:
    async def cut_off(tx: Tx, at: datetime) -> int:
        await tx.fetch("SELECT pg_terminate_backend(pg_backend_pid())")
        return 1

    await timekeeper(db).once(Job("cut_off", OFTEN, cut_off))
    await db.pool.close()
    await timekeeper(db).once(Job("cut_off", OFTEN, cut_off))

    assert failures("cut_off") == 0


@pytest.mark.parametrize(("ahead", "done"), [(50.0, 1), (600.0, 0), (-600.0, 0), (-50.0, 1)])
async def test_a_clock_that_the_database_contradicts_begins_nothing(
    db: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, ahead: float, done: int
) -> None:
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + ahead)

    await timekeeper(db).once(Job("hasty", OFTEN, leave_a_trace))

    assert (await traces(db), failures("hasty")) == (done, 0)
    told = [record for record in caplog.records if record.message == "jobs wait until the clocks agree"]
    assert len(told) == 1 - done


async def measured() -> bool:
    return bool(REGISTRY.get_sample_value("bassin_clock_ahead_seconds", {"service": "training"}))


async def test_a_clock_that_differs_is_measured(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 600)
    metrics.clock_ahead.labels("training").set(0)
    watching = asyncio.create_task(watch.run(db, 600))
    await probe.eventually(measured, what="the watch looks at the clocks")
    watching.cancel()

    ahead = REGISTRY.get_sample_value("bassin_clock_ahead_seconds", {"service": "training"})
    assert ahead == pytest.approx(-600, abs=5)
