"""The child process of an import: parsing 65,000 lines here leaves the service's own loop to its other callers."""

import asyncio
import os
import sys
from pathlib import Path
from uuid import UUID

import msgspec
from msgspec import Struct

from common import db as database
from common.clock import Clock
from common.db import Database
from common.identifiers import CodeAcademie, dec_hook, enc_hook
from territory.imports.analysis import Analysis
from territory.imports.application import Application
from territory.imports.lease import Lease
from territory.imports.lifecycle import Run, Status

NICENESS = 10  # whoever waits for an answer goes first


class Task(Struct, frozen=True, kw_only=True):
    """What the service hands its child, through its standard input: secrets are on no command line."""

    database_url: str
    clock_file: Path | None
    served: tuple[CodeAcademie, ...]
    run: Run
    worker: UUID

    def encoded(self) -> bytes:
        return msgspec.json.encode(self, enc_hook=_plain) + b"\n"

    @classmethod
    def decoded(cls, line: bytes) -> "Task":
        return msgspec.json.decode(line, type=cls, dec_hook=_rich)


async def work(db: Database, task: Task) -> None:
    """Analyse or apply, whichever the run is at, while the lease is ours."""
    lease = Lease(db, task.run, task.worker)
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(lease.keep())
        if task.run.status is Status.ANALYSING:
            await Analysis(db, task.run, task.served, lease)()
        else:
            await Application(db, task.run, task.served, task.worker)()
        keeping.cancel()


async def main() -> None:
    task = Task.decoded(sys.stdin.buffer.readline())
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), orphaned)
    os.nice(NICENESS)
    pool = await database.connect(task.database_url, size=2)
    try:
        await work(Database("territory", pool, Clock(task.clock_file)), task)
    finally:
        await pool.close()


def orphaned() -> None:
    """The service is gone and its end of the pipe with it: what is not committed is somebody else's now."""
    os._exit(1)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else enc_hook(value)


def _rich(kind: type, value: object) -> object:
    return Path(str(value)) if issubclass(kind, Path) else dec_hook(kind, value)


if __name__ == "__main__":
    asyncio.run(main())
