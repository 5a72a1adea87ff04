"""Records of one subject as an inbox has read them."""

from datetime import UTC, datetime
from itertools import count
from uuid import UUID, uuid5

from common.contracts.events import StreamKind
from common.envelope import Envelope
from common.marks import Held, HeldState, Record, Subject

SUBJECT = UUID(int=7)
OFFSETS = count()


def event_id(version: int) -> UUID:
    return uuid5(SUBJECT, str(version))


def record(version: int, *, identifier: UUID | None = None, fault: str = "", offset: int | None = None) -> Record:
    """Each call is a delivery at a place of its own, unless it is given one."""
    envelope = Envelope(
        id=identifier or event_id(version),
        type="fr.bassin.hr_networks.person_linked.v1",
        subject=SUBJECT,
        version=version,
        academie="09",
        academies=("09",),
        source="/academies/09/hr_networks",
        time=datetime(2026, 11, 2, tzinfo=UTC),
        correlation="",
        causation=None,
        traceparent=None,
    )
    return Record(
        stream="bassin.hr_networks",
        topic="bassin.hr_networks",
        partition=0,
        offset=next(OFFSETS) if offset is None else offset,
        key=None,
        headers=(),
        payload=b"",
        envelope=envelope,
        fault=fault,
    )


def facts(version: int = 0, **held: HeldState) -> Subject:
    """A mark at `version`; `facts(3, v5=HeldState.WAITING)` holds version 5, as row 5 of the table."""
    return _subject(StreamKind.FACTS, version, held)


def states(version: int = 0, **held: HeldState) -> Subject:
    return _subject(StreamKind.STATE, version, held)


def _subject(kind: StreamKind, version: int, held: dict[str, HeldState]) -> Subject:
    versions = {int(name[1:]): state for name, state in held.items()}
    rows = {v: Held(v, state, event_id(v), record(v)) for v, state in versions.items()}
    return Subject(kind, version, event_id(version) if version else None, rows)
