"""Who is at work on an import: a process that dies loses it after ten seconds, one that was only slow finds out."""

import asyncio
from uuid import UUID

from common.db import Database
from territory.imports import store
from territory.imports.lifecycle import Run

BEAT = 1.0  # seconds


class Lease:
    """Keeps a run for this process, and tells those who follow it how far the work is."""

    def __init__(self, db: Database, run: Run, worker: UUID) -> None:
        self.db, self.run, self.worker = db, run, worker
        self.done: int | None = None
        self.total: int | None = None

    async def keep(self) -> None:
        """Until cancelled.

        Raises:
            LeaseLost: another process has it.
        """
        while True:
            await asyncio.sleep(BEAT)
            async with self.db.batch([self.run.academie]) as tx:
                await store.hold(tx, self.run, self.worker, done=self.done, total=self.total)
