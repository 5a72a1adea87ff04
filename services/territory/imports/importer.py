"""Gives every import that waits to a child process, one at a time, and takes up what a dead process left."""

import asyncio
import sys
from uuid import UUID, uuid4

import asyncpg
import structlog

from common.db import Database
from common.logs import UNAVAILABLE
from common.settings import Settings
from territory.imports import store, worker
from territory.imports.lifecycle import Run
from territory.imports.worker import Task

log = structlog.get_logger("bassin.territory.imports")
PAUSE = 0.5  # seconds between two looks for work
GRACE = 5.0  # seconds a child gets to end
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Importer:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def run(self, db: Database) -> None:
        while True:
            try:
                busy = await self.once(db)
            except AWAY as error:
                UNAVAILABLE.warning("imports wait for the database", extra={"error": type(error).__name__})
                busy = False
            if not busy:
                await asyncio.sleep(PAUSE)

    async def once(self, db: Database) -> bool:
        """Work on one import until its child ends; False when none waits."""
        process = uuid4()
        async with db.batch(self._settings.academies) as tx:
            run = await store.claim(tx, process)
        if run is None:
            return False
        try:
            status = await self._child(run, process)
            if status:
                log.error("import interrupted", run=str(run.id), status=status)
        finally:
            async with db.batch(self._settings.academies) as tx:
                await store.release(tx, run, process)
        return True

    async def _child(self, run: Run, process: UUID) -> int:
        task = Task(
            database_url=self._settings.database_url,
            clock_file=self._settings.clock_file,
            served=self._settings.academies,
            run=run,
            worker=process,
        )
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", worker.__name__, stdin=asyncio.subprocess.PIPE
        )
        assert child.stdin is not None
        try:
            child.stdin.write(task.encoded())  # the pipe stays open: its end tells the child that we are gone
            return await child.wait()
        finally:
            await ended(child)


async def ended(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    child.terminate()
    try:
        await asyncio.wait_for(child.wait(), GRACE)
    except TimeoutError:
        child.kill()
        await child.wait()
