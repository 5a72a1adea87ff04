"""The national file of 65,000 schools, tried and applied, against reading it with the csv module alone."""

import asyncio
import csv
import io
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date
from uuid import uuid4

from tests.service.common import probe
from tests.service.territory.conftest import uai
from tests.service.territory.test_a_national_file import OURS, national

from benchmarks.row import Goal, Round, Row
from common.db import Database
from common.local.clones import clones
from common.local.run_servers import RunServers
from common.migrate import ServiceUrls
from common.uuid7 import uuid7
from territory.imports import store, worker
from territory.imports.lifecycle import Run, Status
from territory.imports.upload import Packer

SERVED = (probe.LILLE, probe.AMIENS)


@asynccontextmanager
async def measure(servers: RunServers) -> AsyncIterator[Callable[[], Awaitable[Round]]]:
    content = national(uai).encode()
    with clones(servers) as clone:

        async def one_round() -> Round:
            """Into a directory that holds nothing yet."""
            urls = await asyncio.to_thread(clone, "territory")
            async with probe.opened("territory", urls, size=2) as db:
                return Round(await imported(db, urls, content), read(content))

        yield one_round


async def imported(db: Database, urls: ServiceUrls, content: bytes) -> float:
    """Seconds from the received bytes to the applied change, as the service and its child do it."""
    began = time.perf_counter()
    packer = Packer(compressed=False)
    packer.take(content)
    upload = packer.finish()
    run = Run(
        id=uuid7(),
        academie=probe.LILLE,
        covered=SERVED,
        sha256=upload.sha256,
        close_absent=False,
        effective_on=date(2026, 9, 1),
        status=Status.RECEIVED,
    )
    async with db.batch(SERVED) as tx:
        await store.receive(tx, run, upload, "national.csv", by=uuid7())
    await work(db, urls)
    async with db.batch(SERVED) as tx:
        await store.record_decision(tx, run)
    await work(db, urls)
    took = time.perf_counter() - began
    async with db.batch(SERVED) as tx:
        assert await tx.fetchval("SELECT count(*) FROM infra.outbox") >= OURS
    return took


async def work(db: Database, urls: ServiceUrls) -> None:
    process = uuid4()
    async with db.batch(SERVED) as tx:
        run = await store.claim(tx, process)
    assert run is not None
    task = worker.Task(database_url=urls.app, clock_file=None, served=SERVED, run=run, worker=process)
    await worker.work(db, task)


def read(content: bytes) -> float:
    began = time.perf_counter()
    lines = sum(1 for _ in csv.reader(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"), delimiter=";"))
    assert lines > OURS
    return time.perf_counter() - began


ROWS = (
    Row(
        name="import of 65,000 schools, tried and applied",
        unit="s",
        reference="the csv module reading the same file",
        goal=Goal(ratio_to=8),
        measure=measure,
        why="nine tenths are Python judging 65,000 lines cell by cell; an application rests as long as it works",
    ),
)
