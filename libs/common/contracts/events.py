"""The shape of every event: without it no two services would agree on what a record means."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar, dataclass_transform
from uuid import UUID

from msgspec import Struct

Upcast = Callable[[dict[str, Any]], dict[str, Any]]


class StreamKind(StrEnum):
    FACTS = "facts"  # kept for ever: one record per decision
    STATE = "state"  # compacted: the whole present state of each subject


class Stream(Struct, frozen=True):
    """A logical name that outlives the Kafka topic behind it."""

    name: str
    kind: StreamKind
    topic: str = ""  # "" while the topic is called like the stream
    max_compaction_lag_days: int | None = None

    @property
    def behind(self) -> str:
        return self.topic or self.name


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Event(Struct, frozen=True, kw_only=True):
    """A fact or a state; each subclass repeats `frozen=True, kw_only=True`, which msgspec does not inherit."""

    stream: ClassVar[str]
    ce_type: ClassVar[str]
    upcasts: ClassVar[Mapping[str, Upcast]] = {}  # older ce_type -> how its body becomes this one's

    subject: UUID  # the aggregate, the Kafka key


E = TypeVar("E", bound=Event)


class Fact(Struct, Generic[E], frozen=True, kw_only=True):
    """What a handler gets: the envelope, read from the headers, around the event."""

    id: UUID
    type: str
    stream: str
    academie: str  # who owns it
    academies: tuple[str, ...]  # who may see it, the owner included
    version: int  # of the subject on its stream, from 1 without gap
    time: datetime  # business time of the decision
    correlation: str
    causation: str | None
    event: E


class AuditHead(Event, frozen=True, kw_only=True):
    """The last seal of an académie's audit chain in one service, told every minute so that a cut tail shows.

    Each service's contract subclasses it with its own state stream;
    `subject` is `uuid5(BASSIN, "audit:<service>:<académie>")`.
    """

    academie: str
    seq: int
    hash: str  # hexadecimal sha256


class Contract(Struct, frozen=True, kw_only=True):
    """All that one service publishes."""

    service: str
    streams: tuple[Stream, ...]
    events: tuple[type[Event], ...]
    audit_head: type[AuditHead]
    listeners: Mapping[str, tuple[str, ...]] = {}  # stream -> the only services that may listen; absent: all may
