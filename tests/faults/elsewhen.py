"""Real processes under another clock: libfaketime, Debian's package, installed or unpacked beside us.

`python -m tests.faults.elsewhen` sees to it that it is there, or says in one line why it is not. Only the time of the
day is another: what measures durations is left alone, as a clock that steps leaves it.
"""

import asyncio
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import chain
from pathlib import Path

from tests.faults.gateways import start_gateway
from tests.faults.stage import Stage

from common.local import debian
from common.local.children import Child, Children, Program
from common.local.layout import GATEWAY
from common.local.places import cache, postgres_home

UNPACKED = cache() / "libfaketime"
PLACES = (UNPACKED / "usr" / "lib", Path("/usr/lib"))
ALONE, THREADED = "libfaketime.so.1", "libfaketimeMT.so.1"
ABSENT = "libfaketime is absent: .venv/bin/python -m tests.faults.elsewhen"
SEEN = 2.5  # seconds until a process has looked at its clock's file again: libfaketime does within two
POSTGRES = "postgres"
BECOME = "tests.faults.elsewhen:become"
MAINS = {
    "service": "import sys; from common.local.serving import serve; serve(sys.argv[1])",
    "gateway": "from gateway.main import main; main()",
}


def library(name: str) -> Path | None:
    found = chain.from_iterable(place.glob(f"*/faketime/{name}") for place in PLACES)
    return next(found, None)


def fetch() -> str:
    """Have it; returns why not, in a few words."""
    return "" if library(ALONE) else debian.unpack("libfaketime", UNPACKED)


class Clock:
    """A clock that several processes go by; `name` is its file, which PostgreSQL's account can read."""

    def __init__(self, name: str) -> None:
        self.file = postgres_home() / f"clock-{name}"
        self.ahead = 0.0
        self.set(0.0)

    def set(self, ahead: float) -> None:
        """Seconds ahead of this machine's; SEEN later everybody goes by it."""
        self.ahead = ahead
        beside = self.file.with_suffix(".new")
        beside.write_text(f"{ahead:+.3f}\n")
        beside.chmod(0o644)
        beside.replace(self.file)

    def now(self) -> float:
        return time.time() + self.ahead

    def put(self, at: datetime, *, within: float) -> None:
        """It is `at` in so many seconds."""
        self.set(at.timestamp() - time.time() - within)

    def settings(self, name: str) -> dict[str, str]:
        found = library(name)
        assert found is not None, "ask library() first"
        copy = postgres_home() / name
        if not copy.exists():
            shutil.copy(found, copy)
        return {
            "LD_PRELOAD": str(copy),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


class Under(Children):
    """Starts programs that go by this clock, beside those that were started without."""

    def __init__(self, children: Children, clock: Clock) -> None:
        self._orders, self._started, self._clock = children._orders, children._started, clock

    def start(self, program: Program) -> Child:
        settings = [f"{name}={value}" for name, value in self._clock.settings(ALONE).items()]
        return super().start(program._replace(command=["/usr/bin/env", *settings, *program.command]))


def become(*name: str) -> None:
    """The service of this name, or the gateway, under the clock whose settings are in the environment.

    A library is preloaded only where a program begins: so this process becomes another, under the same id.
    """
    os.execv(sys.executable, [sys.executable, "-c", MAINS["service" if name else "gateway"], *name])


@asynccontextmanager
async def under(
    stage: Stage, clocks: Mapping[str, Clock], routes: Mapping[str, str] | None = None
) -> AsyncIterator[None]:
    """PostgreSQL, services, replicas of them (`#2`) and at last the gateway, each by its clock; afterwards by ours."""
    services = [who for who in clocks if who not in {POSTGRES, GATEWAY}]
    await _end(stage, [*services, GATEWAY])
    await _restart(stage, Under(stage.children, clocks[POSTGRES]))
    for who in services:
        await stage.start(who, BECOME, environment=clocks[who].settings(THREADED))
    await start_gateway(stage, GATEWAY, routes, clocks[GATEWAY].settings(THREADED), main=BECOME)
    try:
        yield
    finally:
        for clock in clocks.values():
            clock.set(0.0)
        await _end(stage, [*services, GATEWAY])
        await _restart(stage, stage.children)
        for who in [each for each in services if "#" not in each]:
            await stage.start(who)
        await start_gateway(stage, GATEWAY)


async def _restart(stage: Stage, children: Children) -> None:
    await asyncio.to_thread(stage.postgres.stop)
    await asyncio.to_thread(stage.postgres.start, children)


async def _end(stage: Stage, processes: Sequence[str]) -> None:
    for who in [each for each in processes if each in stage.platform.forked.running]:
        pid = stage.process(who).pid
        await stage.terminate(who)
        assert pid
        _forget(pid)


def _forget(pid: int) -> None:
    """What libfaketime leaves of a process that had to be killed."""
    for left in Path("/dev/shm").glob(f"*faketime_*_{pid}"):
        left.unlink()


if __name__ == "__main__":
    print(f"libfaketime: {fetch() or library(ALONE)}", file=sys.stderr)
