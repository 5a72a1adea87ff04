"""One thread through gateway, services and Kafka (W3C Trace Context): the id an agent quotes finds every log line."""

import random
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from msgspec import Struct

# Version ff is forbidden, those after 00 may append fields; an id of zeros is no id.
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


class Trace(Struct):
    """Where we are: the thread's id, our own span, the span that called us; the rest tells a collector what we did."""

    trace_id: str
    span_id: str
    parent_id: str | None = None
    flags: str = "00"
    name: str = ""
    kind: str = "internal"  # server, consumer or internal, as OpenTelemetry calls them
    attributes: dict[str, str | int] = {}

    @property
    def traceparent(self) -> str:
        """What the next hop receives."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


_current: ContextVar[Trace | None] = ContextVar("bassin_trace", default=None)
Exporter = Callable[[Trace, int, int], None]  # a finished span, from and to in nanoseconds
_exporters: list[Exporter] = []  # none unless telemetry is on


def follow(traceparent: str | None) -> Trace:
    """A new span of the thread named by the caller, or of a new thread."""
    heard = TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if heard is None or (heard[4] and heard[0].startswith("00")):
        return Trace(secrets.token_hex(16), _span_id(), flags="01" if _exporters else "00")
    return Trace(heard[1], _span_id(), heard[2], heard[3])


def _span_id() -> str:
    """Nobody needs to guess it: it tells the spans of one thread apart, and each record of a batch takes one."""
    return f"{random.getrandbits(64):016x}"


@contextmanager
def continued(traceparent: str | None, name: str = "", *, kind: str = "internal") -> Iterator[Trace]:
    """Follow inside the block: a request, a record of a batch, a job."""
    trace = follow(traceparent)
    trace.name, trace.kind = name, kind
    before, started = _current.set(trace), time.time_ns()
    try:
        yield trace
    finally:
        _current.reset(before)
        for export in _exporters:
            export(trace, started, time.time_ns())


def current() -> Trace | None:
    return _current.get()


def trace_id() -> str | None:
    trace = _current.get()
    return None if trace is None else trace.trace_id


def traceparent() -> str:
    """For what leaves this process now: an HTTP call, an event."""
    return (_current.get() or follow(None)).traceparent


@contextmanager
def exported(export: Exporter) -> Iterator[None]:
    """While it lasts every finished span is handed to `export`, and the threads that begin here ask to be sampled."""
    _exporters.append(export)
    try:
        yield
    finally:
        _exporters.remove(export)
