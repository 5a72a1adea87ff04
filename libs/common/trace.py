"""One thread through gateway, services and Kafka (W3C Trace Context): the id an agent quotes finds every log line."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from msgspec import Struct

# Version ff is forbidden, those after 00 may append fields; an id of zeros is no id.
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


class Trace(Struct, frozen=True):
    """Where we are: the thread's id, our own span, and the span that called us."""

    trace_id: str
    span_id: str
    parent_id: str | None = None
    flags: str = "00"

    @property
    def traceparent(self) -> str:
        """What the next hop receives."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


_current: ContextVar[Trace | None] = ContextVar("bassin_trace", default=None)


def follow(traceparent: str | None) -> Trace:
    """A new span of the thread named by the caller, or of a new thread."""
    heard = TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if heard is None or (heard[4] and heard[0].startswith("00")):
        return Trace(secrets.token_hex(16), secrets.token_hex(8))
    return Trace(heard[1], secrets.token_hex(8), heard[2], heard[3])


def enter(traceparent: str | None) -> Trace:
    """Follow for the rest of this task."""
    trace = follow(traceparent)
    _current.set(trace)
    return trace


@contextmanager
def continued(traceparent: str | None) -> Iterator[Trace]:
    """Follow inside the block: a record of a batch, a job."""
    trace = follow(traceparent)
    before = _current.set(trace)
    try:
        yield trace
    finally:
        _current.reset(before)


def current() -> Trace | None:
    return _current.get()


def trace_id() -> str | None:
    trace = _current.get()
    return None if trace is None else trace.trace_id


def traceparent() -> str:
    """For what leaves this process now: an HTTP call, an event."""
    return (_current.get() or follow(None)).traceparent
