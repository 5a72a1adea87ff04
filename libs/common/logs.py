"""One JSON line an event on stdout, ours and the libraries' alike: what is not structured is not found at night."""

import contextlib
import logging
import sys
import time
from typing import TextIO

import msgspec
import structlog
from structlog.contextvars import merge_contextvars
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from common import redaction, trace

OURS = frozenset({"time", "level", "service", "trace_id", "span_id"})
TALKATIVE = ("httpx", "httpcore")  # print whole addresses at level info
UNAVAILABLE = logging.getLogger("bassin.unavailable")  # for whoever waits for the database: each loop, each request
# Tens of lines a second while the broker or the database is away.
REPEATING = ("aiokafka", "asyncpg", "faststream", "bassin.faststream", UNAVAILABLE.name)
SAY_AGAIN = 60.0  # seconds between two of their lines of one kind
EXTRA = structlog.stdlib.ExtraAdder()
LIBRARIES = ("uvicorn", "uvicorn.error", "uvicorn.access", "aiokafka", "faststream", "asyncio")


class Lines:
    """Writes each line at once. A request never fails because nobody reads its log any more."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def msg(self, line: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # the pipe is broken or closed
            self._out.write(f"{line}\n")
            self._out.flush()

    debug = info = warning = error = critical = msg


class Seldom(logging.Filter):
    """One line a minute of each kind from those who repeat themselves; ours say by themselves what changed."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not (record.name.startswith(REPEATING) or _forgotten(record)):
            return True
        kind, now = (record.pathname, record.lineno), time.monotonic()
        if now - self._said.get(kind, -SAY_AGAIN) < SAY_AGAIN:
            return False
        self._said[kind] = now
        return True


def _forgotten(record: logging.LogRecord) -> bool:
    """aiokafka leaves a future for each batch it gave up, and asyncio has a line for each that nobody asked."""
    error = record.exc_info[1] if record.exc_info else None
    return record.name == "asyncio" and type(error).__module__.startswith("aiokafka")


def configure(service: str, *, level: str = "info", stream: TextIO | None = None) -> None:
    """Send every line of this process through the same processors; call once, before anything logs.

    Bind académie and event id where they become known: `structlog.contextvars.bound_contextvars(academie=…)`.
    """

    def with_origin(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event.setdefault("service", service)
        if (here := trace.current()) is not None:
            event.setdefault("trace_id", here.trace_id)
            event.setdefault("span_id", here.span_id)
        return event

    out = stream or sys.stdout
    stamp = structlog.processors.TimeStamper("iso", utc=True, key="time")
    shared: list[Processor] = [merge_contextvars, structlog.stdlib.add_log_level, stamp, with_origin]
    rendered: list[Processor] = [with_traceback, without_personal_data, as_json]
    structlog.configure(
        processors=[*shared, *rendered],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: Lines(out),
        cache_logger_on_first_use=False,  # loggers are made at import, before this
    )
    _adopt_libraries(shared, rendered, out, level)


def _adopt_libraries(shared: list[Processor], rendered: list[Processor], out: TextIO, level: str) -> None:
    handler = logging.StreamHandler(out)
    handler.addFilter(Seldom())
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[*shared, with_logger],
            processors=[ProcessorFormatter.remove_processors_meta, *rendered],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in TALKATIVE:
        logging.getLogger(name).setLevel("WARNING")
    for name in LIBRARIES:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = name != "uvicorn.access"  # our own line says the same, with the trace


def with_logger(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Whose line it is; of ours also what stands in `extra`, libraries put there what no operator reads."""
    if isinstance(record := event.get("_record"), logging.LogRecord):
        event["logger"] = record.name
        if record.name.startswith("bassin."):
            return EXTRA(logger, method, event)
    return event


def with_traceback(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    raised = event.pop("exc_info", None)
    error = sys.exc_info()[1] if raised is True else raised[1] if isinstance(raised, tuple) else raised
    if isinstance(error, BaseException):
        event["exception"] = redaction.formatted(error)
    return event


def without_personal_data(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The last net: nobody should log these, and if somebody does they do not leave the process."""
    return {key: value if key in OURS else redaction.cleaned_field(key, value) for key, value in event.items()}


def as_json(_: WrappedLogger, __: str, event: EventDict) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()  # a line is never lost to an odd value
