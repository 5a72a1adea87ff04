"""How far something is: a bar where somebody watches, plain lines in a log."""

import time
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.progress import TaskID as Task

EVERY = 5.0  # seconds between two plain lines of one step


class Steps:
    """One step after another, each told by what is done of it."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        columns = (TextColumn("{task.description:12}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
        self._bar = Progress(*columns, TimeElapsedColumn(), console=Console(file=out)) if out.isatty() else None
        self._tasks: dict[str, Task] = {}
        self._said: dict[str, float] = {}

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def at(self, name: str, done: int, total: int) -> None:
        if self._bar is None:
            self._say(name, done, total)
            return
        if name not in self._tasks:
            self._tasks[name] = self._bar.add_task(name)
        self._bar.update(self._tasks[name], completed=done, total=total or None)

    def _say(self, name: str, done: int, total: int) -> None:
        now, whole = time.monotonic(), total > 0 and done >= total
        if whole and self._said.get(name) == float("inf"):
            return
        if whole or now - self._said.get(name, 0.0) >= EVERY:
            self._said[name] = float("inf") if whole else now
            print(f"{name}: {100 * done // total if total else 0} %", file=self._out, flush=True)
