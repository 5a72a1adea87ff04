"""However the process that started them ends, PostgreSQL, Kafka and the rest end with it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from common.local.places import postgres_home

STARTER = """
import signal, sys, time
from pathlib import Path
from common.local.children import Program, Reaper
from common.local.postgres import Postgres
from common.local.ports import free_ports

for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a test run in the background ignores some
    signal.signal(number, signal.SIG_DFL)
home = Path(sys.argv[1])
with Reaper() as children:
    children.remove_afterwards(home)
    [port] = free_ports(1)
    server = Postgres(home / "postgres", port=port, log=home / "postgres.log", fast=True)
    server.start(children)
    deaf = children.start(Program("deaf", ["sh", "-c", "trap '' TERM; sleep 1000"], home / "deaf.log", home))
    print(port, flush=True)
    if sys.argv[2] == "raise":
        raise RuntimeError("a step failed")
    time.sleep(1000)
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """With a space, and where `nobody` may pass when we are root."""
    place = postgres_home() / f"a test {tmp_path.name} {os.getpid()}"
    place.mkdir(mode=0o755)
    yield place
    assert not place.exists()


def started_in(home: Path) -> list[psutil.Process]:
    def inside(process: psutil.Process) -> bool:
        try:
            return Path(process.cwd()).is_relative_to(home)
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            return False

    return [process for process in psutil.process_iter() if inside(process)]


def still_runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(true: Callable[[], bool], *, within: float) -> None:
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_killed_run_leaves_neither_process_nor_file(home: Path, number: signal.Signals) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", STARTER, home, "wait"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert run.stdout
    assert run.stdout.readline()
    processes = started_in(home)
    assert len(processes) > 3

    run.send_signal(number)
    run.communicate()

    until(lambda: not any(still_runs(process) for process in processes), within=10)
    until(lambda: not home.exists(), within=2)


def test_a_failing_step_ends_what_the_steps_before_it_started(home: Path) -> None:
    run = subprocess.run([sys.executable, "-c", STARTER, home, "raise"], capture_output=True, check=False)

    assert b"a step failed" in run.stderr
    assert not started_in(home)
