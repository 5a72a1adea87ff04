"""What a decision tells the other services, written in the decision's own transaction."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeAlias
from uuid import UUID

from common import trace
from common.collected import Pending
from common.contracts.events import Event
from common.tx import ENCODER, Tx
from common.uuid7 import uuid7

LARGEST = 900_000  # bytes of one event: below Kafka's default limit of 1 MB with its headers
CHUNK = 500  # subjects republished in one transaction

StateReader: TypeAlias = Callable[[Tx, Sequence[UUID]], Awaitable[Sequence[tuple[str, Event]]]]


class EventTooLarge(ValueError):
    """An event over 900 kB: the broker would refuse it for ever."""


def append(tx: Tx, academie: str, events: Sequence[Event], academies: Sequence[str] = ()) -> None:
    """Collect events of one owner; they are written just before COMMIT, in this order.

    `academies` are those who may see them besides the owner.

    Raises:
        EventTooLarge: an event is over 900 kB.
    """
    seen = sorted({academie, *academies})
    tx.collect_events([_pending(tx, academie, seen, event) for event in events])


def _pending(tx: Tx, academie: str, academies: Sequence[str], event: Event) -> Pending:
    payload = ENCODER.encode(event)
    if len(payload) > LARGEST:
        raise EventTooLarge(f"{event.ce_type} {event.subject}: {len(payload)} bytes")
    identifier = uuid7()
    headers: dict[str, str | UUID] = {
        "ce_specversion": "1.0",
        "ce_id": identifier,
        "ce_source": source(academie, tx.service),
        "ce_type": event.ce_type,
        "ce_subject": event.subject,
        "ce_time": _told(tx.at),
        "ce_dataschema": f"urn:bassin:schema:{event.ce_type}",
        "content-type": "application/json",
        "ce_academie": academie,
        "ce_academies": ",".join(academies),
        "ce_correlationid": tx.correlation or trace.trace_id() or identifier,  # no header is ever null
        "traceparent": trace.traceparent(),
    }
    if tx.causation is not None:
        headers["ce_causationid"] = tx.causation
    return Pending(identifier, event.stream, event.subject, ENCODER.encode(headers), payload)


@lru_cache(maxsize=8)
def _told(at: datetime) -> str:
    """Of one transaction all events have the same time."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def source(academie: str, service: str) -> str:
    return f"/academies/{academie}/{service}"


async def republish(tx: Tx, stream: str, subjects: Sequence[UUID], read: StateReader) -> int:
    """Publish the present state of at most 500 subjects again, under a new version each.

    Their versions are locked, in sorted order, before the states are read: what is published is not older
    than what another transaction published meanwhile.
    """
    if len(subjects) > CHUNK:
        raise ValueError(f"{len(subjects)} subjects in one chunk, {CHUNK} at most")
    await tx.fetch(LOCK, stream, sorted(subjects))
    states = await read(tx, subjects)
    for academie, event in states:
        append(tx, academie, [event])
    return len(states)


LOCK = """
SELECT version FROM infra.aggregate WHERE stream = $1 AND subject = ANY($2) ORDER BY subject FOR UPDATE
"""
