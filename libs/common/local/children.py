"""Programs that never outlive us, however we end: each is told to the reaper before it begins."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from common.local import reaper
from common.local.trouble import Trouble

# The shell tells its own process id, which is the program's once it has become it: between the two there is no moment
# in which we could die and leave it.
_ANNOUNCE = 'echo "+ $$ $0" >&0; exec "$@" </dev/null'


class Account(NamedTuple):
    """Whom a program runs as."""

    uid: int
    gid: int


class Program(NamedTuple):
    name: str
    command: Sequence[str | Path]
    log: Path
    cwd: Path
    stop: signal.Signals = signal.SIGTERM
    account: Account | None = None


class Child:
    """A started program; what it says goes to its log, and the log's last line explains a failure."""

    def __init__(self, program: Program, process: subprocess.Popen[bytes]) -> None:
        self.program, self.process = program, process

    @property
    def pid(self) -> int:
        return self.process.pid

    def finish(self) -> None:
        if self.process.wait():
            raise self._trouble(f"ended with status {self.process.returncode}")

    def check(self) -> None:
        if self.process.poll() is not None:
            raise self._trouble(f"ended with status {self.process.returncode}")

    def wait_until(self, ready: Callable[[], bool], *, within: float) -> None:
        deadline = time.monotonic() + within
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise self._trouble(f"is not ready after {within:.0f} s")
            time.sleep(0.02)

    def end(self, *, within: float = reaper.GRACE_SECONDS) -> None:
        if self.process.poll() is None:
            self.process.send_signal(self.program.stop)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(within)
        reaper.end_group(self.pid)
        self.process.wait()

    def _trouble(self, event: str) -> Trouble:
        said = [line.strip() for line in self.program.log.read_text(errors="replace").splitlines() if line.strip()]
        return Trouble(f"{self.program.name} {event}: {said[-1] if said else 'it said nothing'} ({self.program.log})")


class Children:
    """Starts programs in sessions of their own (Ctrl-C is ours to hand on) and ends them, the last one first."""

    def __init__(self, orders: int) -> None:
        self._orders = orders
        self._started: list[Child] = []

    def start(self, program: Program) -> Child:
        with program.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - the programs are ours, the arguments a list
                ["/bin/sh", "-c", _ANNOUNCE, str(int(program.stop)), *map(str, program.command)],
                stdin=self._orders,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=program.cwd,
                user=program.account.uid if program.account else None,
                group=program.account.gid if program.account else None,
                extra_groups=[] if program.account else None,
            )
        self._started.append(Child(program, process))
        return self._started[-1]

    def run(self, program: Program) -> None:
        self.start(program).finish()
        self.forget(self._started.pop().pid)

    def end(self, child: Child, *, within: float = reaper.GRACE_SECONDS) -> None:
        self._started.remove(child)
        child.end(within=within)
        self.forget(child.pid)

    def check(self) -> None:
        for child in self._started:
            child.check()

    def end_all(self) -> None:
        deadline = time.monotonic() + reaper.GRACE_SECONDS
        while self._started:
            self.end(self._started[-1], within=max(0.1, deadline - time.monotonic()))

    def watch(self, pid: int, stop: signal.Signals = signal.SIGTERM) -> None:
        """A process that somebody else started for us."""
        self._order(f"+ {pid} {int(stop)}")

    def forget(self, pid: int) -> None:
        self._order(f"- {pid}")

    def remove_afterwards(self, directory: Path) -> None:
        self._order(f"rm {directory}")

    def _order(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            os.write(self._orders, os.fsencode(f"{line}\n"))


class Reaper:
    """`with Reaper() as children`: the process that ends them should we be unable to, and they themselves."""

    def __init__(self, fifo: Path | None = None) -> None:
        """A fifo lets processes of the same run put children of their own under this reaper."""
        reading, self._orders = os.pipe() if fifo is None else _open_fifo(fifo)
        command = [sys.executable, "-I", "-S", reaper.__file__]
        self._process = subprocess.Popen(command, stdin=reading, start_new_session=True, cwd="/")  # noqa: S603
        os.close(reading)
        self.children = Children(self._orders)

    def __enter__(self) -> Children:
        return self.children

    def __exit__(self, _: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self.children.end_all()
        os.close(self._orders)
        self._process.wait()


def _open_fifo(fifo: Path) -> tuple[int, int]:
    os.mkfifo(fifo, mode=0o600)
    reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)  # else it would wait for a writer
    writing = os.open(fifo, os.O_WRONLY)
    os.set_blocking(reading, True)
    return reading, writing
