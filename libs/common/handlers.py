"""The two registries of what a service does when another spoke, and the one of what it does as time passes."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias, TypeVar

import msgspec
from msgspec import Struct

from common.contracts.catalogue import STREAMS, may_listen
from common.contracts.events import Event, Fact, StreamKind
from common.tx import ProjectionTx, Tx

E = TypeVar("E", bound=Event)
Projecting: TypeAlias = Callable[[ProjectionTx, Fact[E]], Awaitable[None]]
Reacting: TypeAlias = Callable[[Tx, Fact[E]], Awaitable[None]]
Doing: TypeAlias = Callable[[Tx, datetime], Awaitable[int]]


class HandlerKind(StrEnum):
    PROJECTION = "projection"
    REACTION = "reaction"


class Handler(Struct, frozen=True):
    """One function and the event it hears; `name` is what infra.handler knows it by."""

    name: str
    kind: HandlerKind
    event: type[Event]
    run: Callable[[Any, Any], Awaitable[None]]


class Projection:
    """A copy of what another service said, in tables of its own that `bassin rebuild` can make again."""

    def __init__(self, name: str, *, tables: Sequence[str]) -> None:
        self.name = name
        self.tables = tuple(tables)
        self.handlers: list[Handler] = []

    def on(self, event: type[E]) -> Callable[[Projecting[E]], Projecting[E]]:
        def keep(run: Projecting[E]) -> Projecting[E]:
            self.handlers.append(Handler(self.name, HandlerKind.PROJECTION, event, run))
            return run

        return keep


class StateStreamReaction(TypeError):
    """A state may be skipped or said again: what must happen once follows from a fact."""


class Reactions:
    """What happens once ever for each fact."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.handlers: list[Handler] = []

    def to(self, event: type[E]) -> Callable[[Reacting[E]], Reacting[E]]:
        if STREAMS[event.stream].kind is StreamKind.STATE:
            raise StateStreamReaction(f"{event.ce_type} is a state")

        def keep(run: Reacting[E]) -> Reacting[E]:
            self.handlers.append(Handler(run.__name__, HandlerKind.REACTION, event, run))
            return run

        return keep


class Job(Struct, frozen=True):
    name: str
    period: timedelta
    run: Doing


class Jobs:
    """What is done as time passes: each finds its work by query, so that it may be missed and run again."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.all: list[Job] = []

    def every(self, period: timedelta) -> Callable[[Doing], Doing]:
        def keep(run: Doing) -> Doing:
            self.all.append(Job(run.__name__, period, run))
            return run

        return keep


class ForbiddenListener(TypeError):
    """The contract names who may listen to this stream, and this service is not among them."""


class Undecodable(ValueError):
    """The body is not what its type promises."""


class Table:
    """All handlers of one service by event type, with the decoder of each type and of its older versions."""

    def __init__(self, service: str, projections: Iterable[Projection], reactions: Reactions | None) -> None:
        self.service = service
        self.projections = tuple(projections)
        self.handlers = [h for p in self.projections for h in p.handlers]
        self.handlers += reactions.handlers if reactions else []
        self.streams = sorted({h.event.stream for h in self.handlers})
        for stream in self.streams:
            if not may_listen(service, stream):
                raise ForbiddenListener(f"{service} may not listen to {stream}")
        self._of = {h.event: [other for other in self.handlers if other.event is h.event] for h in self.handlers}
        self._events = {t: h.event for h in self.handlers for t in (h.event.ce_type, *h.event.upcasts)}
        self._decoders = {e: msgspec.json.Decoder(e) for e in set(self._events.values())}

    def names(self) -> dict[str, HandlerKind]:
        return {h.name: h.kind for h in self.handlers}

    def of(self, event: type[Event]) -> list[Handler]:
        return self._of.get(event, [])

    def decode(self, ce_type: str, payload: bytes | None) -> Event | None:
        """The event, brought up to its newest version; None for a type that nobody here hears.

        Raises:
            Undecodable: no body, no JSON, or not the promised shape.
        """
        event = self._events.get(ce_type)
        if event is None:
            return None
        try:
            if ce_type == event.ce_type:
                return self._decoders[event].decode(payload or b"")
            body = msgspec.json.decode(payload or b"", type=dict[str, Any])
            return msgspec.convert(event.upcasts[ce_type](body), event)
        except Exception as error:  # bytes from anywhere: wrong UTF-8, too deep a nesting, an upcast's surprise
            raise Undecodable(f"{ce_type}: {type(error).__name__}: {error}") from error
