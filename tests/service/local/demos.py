"""Runs of `bassin demo` with a state and ports of their own, beside whatever else runs in this clone."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil

from common.local.ports import LOOPBACK

BLOCK = 12  # ports: a few more than a demo takes
BASSIN = [sys.executable, "-c", "import sys; from common.cli import main; sys.exit(main())"]


def free_block() -> int:
    """The first of a row of free ports, outside the range from which the system draws its own."""
    for first in range(20_000 + os.getpid() % 1000 * 10, 32_000, BLOCK):
        try:
            for port in range(first, first + BLOCK):
                socket.create_server((LOOPBACK, port)).close()
        except OSError:
            continue
        return first
    raise AssertionError("no free ports")


class Demo:
    """One clone's state, and the demos that are started in it."""

    def __init__(self, state: Path) -> None:
        self.state, self.port = state, free_block()
        self.process: subprocess.Popen[str] | None = None
        self.report: dict[str, Any] = {}

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("BASSIN_")}
        return {**ours, "BASSIN_STATE": str(self.state), **extra}

    def command(self, *arguments: str) -> list[str]:
        return [*BASSIN, "demo", f"--port={self.port}", *arguments]

    def run(self, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        """To its end."""
        command, environment = self.command(*arguments), self.environment(extra)
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def start(self, *arguments: str, until: Callable[["Demo"], bool]) -> None:
        with (self.state / "out").open("w") as out, (self.state / "err").open("w") as err:
            command, environment = self.command("--json", *arguments), self.environment({})
            self.process = subprocess.Popen(command, env=environment, stdout=out, stderr=err, text=True)
        deadline = time.monotonic() + 180
        while not until(self):
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def said(self) -> str:
        return (self.state / "err").read_text()

    def is_up(self) -> bool:
        text = (self.state / "out").read_text()
        if text.endswith("\n"):
            self.report = json.loads(text)
        return bool(self.report)

    def family(self) -> list[psutil.Process]:
        assert self.process
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, number: signal.Signals) -> float:
        """How long it took until nothing was left."""
        assert self.process
        family, began = self.family(), time.monotonic()
        self.process.send_signal(number)
        self.process.wait()
        while any(map(still_runs, family)):
            assert time.monotonic() - began < 15, [process for process in family if still_runs(process)]
            time.sleep(0.05)
        return time.monotonic() - began


def still_runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
