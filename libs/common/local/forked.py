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
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from common.local.children import Children
from common.local.reaper import GRACE_SECONDS
from common.local.trouble import ServiceDied, Trouble

PRELOAD = "common.local.preload"


class Forked:
    def __init__(self, children: Children) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([PRELOAD])
        self._children = children
        self.running: dict[str, ForkServerProcess] = {}
        self._logs: dict[str, Path] = {}

    def warm(self) -> None:
        """Begin to import what services share while something else is done."""
        forkserver.ensure_running()

    def start(self, name: str, main: str, *arguments: object, log: Path, environment: Mapping[str, str]) -> None:
        """`main` is `module:function`, named and not imported: this process stays small."""
        process = self._context.Process(target=_become, args=(main, arguments, str(log), dict(environment)), name=name)
        process.start()
        assert process.pid
        self._children.watch(process.pid)
        self.running[name], self._logs[name] = process, log

    def answer_of(self, function: str, *arguments: object, log: Path) -> Any:
        """What a function returns in a process of its own, whose imports and leftovers end with it."""
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_tell, args=(theirs, function, arguments, str(log)))
        process.start()
        assert process.pid
        self._children.watch(process.pid)
        theirs.close()
        try:
            said, answer = ours.recv()
        except EOFError:
            raise Trouble(f"{function.partition(':')[2]} failed: {last_words(log)}") from None
        finally:
            process.join()
            self._children.forget(process.pid)
        if said == "trouble":
            raise Trouble(answer)
        return answer

    def wait_ready(self, name: str, url: str, *, within: float = 30.0) -> None:
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
                raise ServiceDied(f"{name} ended with status {process.exitcode}: {last_words(self._logs[name])}")

    def end_all(self) -> None:
        for process in self.running.values():
            process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS - 2  # Kafka and PostgreSQL end after them, within the same 10 s
        for process in self.running.values():
            process.join(max(0, deadline - time.monotonic()))
            process.kill()
            process.join()
            assert process.pid
            self._children.forget(process.pid)
        self.running.clear()


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


def _found(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


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
    _found(main)(*arguments)


def _tell(answer: "Connection[tuple[str, Any], Any]", function: str, arguments: tuple[object, ...], log: str) -> None:
    _settle(log)
    try:
        answer.send(("answer", _found(function)(*arguments)))
    except Trouble as trouble:
        answer.send(("trouble", str(trouble)))
