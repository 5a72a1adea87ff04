"""Services as processes that are forked from one which has imported the libraries already."""

import importlib
import json
import multiprocessing
import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, TypeAlias

from common.local.children import Children
from common.local.reaper import GRACE_SECONDS
from common.local.trouble import ServiceDied, Trouble

PRELOAD = "common.local.preload"
# glibc reads them when the forkserver starts: one heap a process, and what is free on top of it goes back.
MALLOC_SETTINGS = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "131072"}
Channel: TypeAlias = "Connection[Any, Any]"  # subscriptable for mypy only


class Forked:
    def __init__(self, children: Children) -> None:
        os.environ.update(MALLOC_SETTINGS)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([PRELOAD])
        self._children = children
        self.running: dict[str, ForkServerProcess] = {}
        self._logs: dict[str, Path] = {}

    def start(self, name: str, main: str, *arguments: object, log: Path, environment: Mapping[str, str]) -> None:
        """`main` is `module:function`, named and not imported: this process stays small."""
        process = self._context.Process(target=_become, args=(main, arguments, str(log), dict(environment)), name=name)
        self._begin(process)
        self.running[name], self._logs[name] = process, log

    def helper(self, module: str, *, log: Path) -> "Helper":
        """Begins to import at once, while something else is done here."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_help, args=(theirs, module, str(log)), name=module)
        self._begin(process)
        theirs.close()
        return Helper(ours, log, end=lambda: self.end(process))

    def wait_ready(self, name: str, url: str, *, within: float = 60.0) -> None:
        """Ready is what /readyz or whatever `url` names says with 200."""
        deadline = time.monotonic() + within
        while not _answers(url):
            self.check()
            if time.monotonic() > deadline:
                raise ServiceDied(f"{name} is not ready after {within:.0f} s: {last_words(self._logs[name])}")
            time.sleep(0.05)

    def check(self, *, within: float = 0) -> None:
        """Raise for the first that has ended, waiting so long for that to happen."""
        ended = wait([process.sentinel for process in self.running.values()], timeout=within)
        for name, process in self.running.items():
            if process.sentinel in ended:
                process.join()
                raise ServiceDied(f"{name} ended with status {process.exitcode}: {last_words(self._logs[name])}")

    def end_all(self) -> None:
        for process in self.running.values():
            process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS - 2  # Kafka and PostgreSQL end after them, within the same 10 s
        for process in self.running.values():
            process.join(max(0, deadline - time.monotonic()))
            self.end(process)
        self.running.clear()

    def end(self, process: ForkServerProcess) -> None:
        process.kill()
        process.join()
        assert process.pid
        self._children.forget(process.pid)

    def _begin(self, process: ForkServerProcess) -> None:
        process.start()
        assert process.pid
        self._children.watch(process.pid)


class Helper:
    """A process that is asked for what one function of its module returns; its imports end with it."""

    def __init__(self, channel: Channel, log: Path, *, end: Callable[[], None]) -> None:
        self._channel, self._log, self.end = channel, log, end

    def ask(self, function: str, *arguments: object) -> Any:
        try:
            self._channel.send((function, arguments))
            said, answer = self._channel.recv()
        except (EOFError, OSError):
            self.end()
            raise Trouble(f"{function} failed: {last_words(self._log)}") from None
        if said == "trouble":
            raise Trouble(answer)
        return answer


def last_words(log: Path) -> str:
    """The last error of a log of JSON lines, else its last line."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()] if log.exists() else []
    events = [_event(line) for line in lines]
    errors = [event for event in events if event.get("level") in {"error", "critical"}]
    last = (errors or events or [{"event": "it said nothing"}])[-1]
    return f"{last.get('event')} ({log})"


def _event(line: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except ValueError:
        return {"event": line.strip()}
    return event if isinstance(event, dict) else {"event": line.strip()}


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - our own loopback addresses
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _settle(log: str) -> None:
    """A session of its own, so that Ctrl-C reaches only the demo, and an end when the demo has gone."""
    os.setsid()
    with Path(log).open("ab") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS - 2)
    os._exit(1)


def _become(main: str, arguments: tuple[object, ...], log: str, environment: Mapping[str, str]) -> None:
    _settle(log)
    for name in [name for name in os.environ if name.startswith("BASSIN_")]:
        del os.environ[name]
    os.environ.update(environment)
    module, _, function = main.partition(":")
    target: Callable[..., object] = getattr(importlib.import_module(module), function)
    target(*arguments)


def _help(channel: Channel, module: str, log: str) -> None:
    _settle(log)
    functions = importlib.import_module(module)
    while True:
        try:
            function, arguments = channel.recv()
        except EOFError:
            return
        try:
            channel.send(("answer", getattr(functions, function)(*arguments)))
        except Trouble as trouble:
            channel.send(("trouble", str(trouble)))
