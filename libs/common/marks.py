"""Which record applies, waits, is dropped or stays parked: the inbox's rules as pure bookkeeping of one subject."""

from enum import Enum, auto
from uuid import UUID

from msgspec import Struct

from common.contracts.events import Event, StreamKind
from common.envelope import Envelope, Headers


class Record(Struct, frozen=True, kw_only=True):
    """One Kafka record, or one that was held; without a readable envelope `envelope` is None and `fault` says why."""

    stream: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: Headers
    payload: bytes | None
    envelope: Envelope | None
    fault: str = ""  # why it can never be applied; "" while nothing is known against it
    event: Event | None = None  # its payload, where it was decoded already

    @property
    def place(self) -> tuple[str, int, int]:
        return self.topic, self.partition, self.offset


class HeldState(Enum):
    WAITING = "waiting"  # for the versions before it
    PARKED = "parked"  # for an operator
    DISCARDED = "discarded"  # given up with a reason; counts as applied when its turn comes


class Held(Struct, frozen=True):
    id: int | None  # None until it is written
    state: HeldState
    event_id: UUID
    record: Record
    error: str = ""


class Fork(Struct, frozen=True):
    """A record that claims a version which another event has."""

    record: Record
    first: UUID


class Verdict(Enum):
    APPLY = auto()
    DUPLICATE = auto()
    FORK = auto()  # another record claimed this version first
    WAIT = auto()
    PARK = auto()


class Subject:
    """The mark of one subject for one consumer, and what is held of it."""

    def __init__(self, kind: StreamKind, version: int, event_id: UUID | None, held: dict[int, Held]) -> None:
        self.kind = kind
        self.version = version
        self.event_id = event_id
        self.held = held
        self._stored = version
        self.dropped: list[int] = []  # ids of held rows that are done with
        self.passed: list[int] = []  # ids of discarded rows whose turn has come
        self.changed: set[int] = set()  # versions held anew

    @property
    def moved(self) -> bool:
        """The mark in the table is behind this one."""
        return self.version != self._stored

    def judge(self, record: Record) -> Verdict:
        """What becomes of a record that arrives now (or, held before, whose turn has come)."""
        envelope = _envelope_of(record)
        if envelope.version <= self.version:
            forked = envelope.version == self.version and self.event_id not in (None, envelope.id)
            return Verdict.FORK if forked and self.kind is StreamKind.FACTS else Verdict.DUPLICATE
        held = self.held.get(envelope.version)
        if held is not None and (held.record.place != record.place or held.state is HeldState.DISCARDED):
            return Verdict.DUPLICATE if held.event_id == envelope.id else Verdict.FORK
        if record.fault:
            return Verdict.PARK
        if self.kind is StreamKind.STATE or envelope.version == self.version + 1:
            return Verdict.APPLY
        return Verdict.WAIT

    def applied(self, record: Record) -> None:
        """Move the mark; on a state stream what is held of older versions is superseded."""
        envelope = _envelope_of(record)
        self.version, self.event_id = envelope.version, envelope.id
        passed = [v for v in self.held if v <= envelope.version]
        for version in passed:
            self._forget(version)

    def hold(self, record: Record, state: HeldState, error: str = "") -> None:
        envelope = _envelope_of(record)
        earlier = self.held.get(envelope.version)
        identifier = None if earlier is None else earlier.id
        self.held[envelope.version] = Held(identifier, state, envelope.id, record, error)
        self.changed.add(envelope.version)

    def fork(self, record: Record) -> Fork:
        held = self.held.get(_envelope_of(record).version)
        first = self.event_id if held is None else held.event_id
        assert first is not None, "judged a fork of a version that nobody has"
        return Fork(record, first)

    def due(self) -> Record | None:
        """The held record whose turn has come, if it may be tried; discarded ones are passed over first."""
        if self.kind is StreamKind.STATE:
            for version in [v for v, held in self.held.items() if held.state is HeldState.DISCARDED]:
                self._pass_over(version)
            return None
        while (held := self.held.get(self.version + 1)) is not None:
            if held.state is HeldState.WAITING:
                return held.record
            if held.state is HeldState.PARKED:
                return None
            self.version, self.event_id = self.version + 1, held.event_id
            self._pass_over(self.version)
        return None

    def give_up_missing(self) -> int:
        """Jump over the versions that nobody will deliver, up to the first one held; returns how many."""
        first = min(self.held, default=self.version + 1)
        missing = first - 1 - self.version
        if missing > 0:
            self.version, self.event_id = first - 1, None
        return max(missing, 0)

    def _pass_over(self, version: int) -> None:
        held = self.held.pop(version)
        self.changed.discard(version)
        if held.id is not None:
            self.passed.append(held.id)

    def _forget(self, version: int) -> None:
        held = self.held.pop(version)
        self.changed.discard(version)
        if held.id is not None:
            self.dropped.append(held.id)


def _envelope_of(record: Record) -> Envelope:
    assert record.envelope is not None, "a record without envelope has no subject"
    return record.envelope
