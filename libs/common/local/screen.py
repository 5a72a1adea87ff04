"""What a person sees of a demo: numbered steps, then one table; plain lines where there is no terminal."""

import contextlib
import os
import sys
import time
from collections.abc import Callable
from typing import TextIO, TypeVar

T = TypeVar("T")
STEPS = ("Environment", "PostgreSQL", "Apache Kafka", "Migrations", "Services", "Demo data", "Witness journey")
NUMBERED = 6
CLEAR = "\x1b[K"  # the rest of a line on which something longer stood


class Screen:
    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._label = ""
        self._steps = iter(enumerate(STEPS, start=1))
        self.seconds: dict[str, float] = {}

    def say(self, line: str = "") -> None:
        self._write(f"{line}\n")

    def doing(self, what: str) -> None:
        """What the step under way has come to, where somebody looks on."""
        if self._out.isatty():
            self._write(f"{self._label}... {what}{CLEAR}\r")

    def step(self, work: Callable[[], tuple[str, T]]) -> T:
        """Do one step; `work` answers what to print of it and what the next ones need."""
        number, name = next(self._steps)
        self._label = label = f" {number}/{NUMBERED} {name:15} " if number <= NUMBERED else f" {name:19} "
        self.doing("")
        began = time.monotonic()
        try:
            said, answer = work()
        except BaseException:
            self._write(f"{label}stopped{self._clear()}\n")
            raise
        self.seconds[name] = round(time.monotonic() - began, 1)
        self._write(f"{label}ok  {said}{self._clear()}\n")
        return answer

    def _clear(self) -> str:
        return CLEAR if self._out.isatty() else ""

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
            self._out.flush()
        except OSError:  # the terminal went away: go on silently, there are processes to end
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())
