"""What an operator does with records that could not be applied: look, try again, give up with a reason."""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from common import audit, marks_store
from common.batch import Batch, Outcome
from common.contracts.events import StreamKind
from common.inbox import Inbox
from common.marks import Held, HeldState, Record, Subject
from common.tx import Tx


class HeldRecord(Struct, frozen=True, kw_only=True):
    """One line of the list, and with `headers` and `body` what `show` adds."""

    id: int
    state: str
    stream: str
    subject: UUID | None
    version: int | None
    event_id: UUID | None
    place: str  # topic/partition/offset
    error: str
    attempts: int
    held_at: datetime
    behind: int = 0  # records that wait for this one
    headers: dict[str, str] = {}
    body: Any = None


class UnknownRecord(LookupError):
    """No such record is held."""


class NotReplayable(ValueError):
    """Its headers could not be read: it has no subject to be applied to. Discard it."""


async def held(inbox: Inbox, *, state: str | None = None, stream: str | None = None) -> list[HeldRecord]:
    """Oldest first."""
    rows = await inbox.db.pool.fetch(HELD, inbox.consumer, None, state, stream)
    return [_shown(row) for row in rows]


async def show(inbox: Inbox, identifier: int) -> HeldRecord:
    """With headers and body, each as far as it can be read."""
    row = await inbox.db.pool.fetchrow(HELD, inbox.consumer, identifier, None, None)
    if row is None:
        raise UnknownRecord(identifier)
    headers = msgspec.msgpack.decode(row["headers"], type=list[tuple[str, bytes | None]])
    return msgspec.structs.replace(
        _shown(row),
        headers={name: "null" if value is None else value.decode("utf-8", "replace") for name, value in headers},
        body=_body(row["payload"]),
    )


def _body(payload: bytes | None) -> object:
    try:
        return msgspec.json.decode(payload or b"null")
    except msgspec.DecodeError:
        return (payload or b"").decode("utf-8", "replace")


def _shown(row: asyncpg.Record) -> HeldRecord:
    return HeldRecord(
        id=row["id"],
        state=row["state"],
        stream=row["stream"],
        subject=row["subject"],
        version=row["version"],
        event_id=row["event_id"],
        place=f"{row['topic']}/{row['partition']}/{row['log_offset']}",
        error=row["error"],
        attempts=row["attempts"],
        held_at=row["held_at"],
        behind=row["behind"],
    )


async def replay(inbox: Inbox, identifier: int) -> str:
    """Try a parked record again, and what waits behind it; returns the error if it is parked again, else "".

    Before its turn (an earlier version is missing or parked) it waits, and is tried when its turn comes.
    """
    async with inbox.db.batch(()) as tx:
        record, subjects, subject = await _locked(inbox, tx, identifier)
        batch = Batch(inbox, tx, subjects, Outcome(), one_by_one=True)
        version = record.envelope.version if record.envelope else 0
        if version > subject.version + 1 and subject.kind is StreamKind.FACTS:
            subject.hold(record, HeldState.WAITING)
        else:
            await batch.run([inbox.again(record)])
        await marks_store.save(tx, inbox.consumer, subjects, [], [])
        await _trace(inbox, tx, "parking.replayed", record)
        parked = subject.held.get(version)
        return parked.error if parked and parked.state is HeldState.PARKED else ""


async def discard(inbox: Inbox, identifier: int, reason: str) -> None:
    """Give a parked record up; takes effect when its turn comes, then what waits behind it goes on."""
    async with inbox.db.batch(()) as tx:
        row = await tx.fetchrow(HELD, inbox.consumer, identifier, None, None)
        if row is None:
            raise UnknownRecord(identifier)
        if row["subject"] is None:
            await tx.execute("DELETE FROM infra.held WHERE id = $1", identifier)
            await _trace(inbox, tx, "parking.discarded", marks_store.record_of(row), reason)
            return
        record, subjects, subject = await _locked(inbox, tx, identifier)
        subject.hold(record, HeldState.DISCARDED, reason)
        await _go_on(inbox, tx, subjects, subject)
        await _trace(inbox, tx, "parking.discarded", record, reason)


async def give_up(inbox: Inbox, stream: str, subject: UUID, reason: str) -> int:
    """Give up the versions that nobody will deliver, so that what waits goes on; returns how many they were."""
    async with inbox.db.batch(()) as tx:
        missing, waiting = await _bridge(inbox, tx, stream, subject)
        if waiting is not None:
            await _trace(inbox, tx, "parking.gap_given_up", waiting, reason)
        return missing


async def bridge(inbox: Inbox, stream: str, subject: UUID) -> None:
    """The same without a trace: a rebuild passes where the live consumer was allowed to."""
    async with inbox.db.batch(()) as tx:
        await _bridge(inbox, tx, stream, subject)


async def _bridge(inbox: Inbox, tx: Tx, stream: str, subject: UUID) -> tuple[int, Record | None]:
    subjects = await marks_store.lock_subjects(tx, inbox.consumer, [(stream, subject)])
    found = subjects[stream, subject]
    waiting = next(iter(found.held.values()), None)
    missing = found.give_up_missing()
    if not missing or waiting is None:
        return 0, None
    await _go_on(inbox, tx, subjects, found)
    return missing, waiting.record


async def _go_on(inbox: Inbox, tx: Tx, subjects: marks_store.Subjects, subject: Subject) -> None:
    turn = subject.due()
    if turn is not None:
        await Batch(inbox, tx, subjects, Outcome(), one_by_one=True).run([inbox.again(turn)])
    await marks_store.save(tx, inbox.consumer, subjects, [], [])


async def _locked(inbox: Inbox, tx: Tx, identifier: int) -> tuple[Record, marks_store.Subjects, Subject]:
    row = await tx.fetchrow(HELD, inbox.consumer, identifier, None, None)
    if row is None:
        raise UnknownRecord(identifier)
    if row["subject"] is None:
        raise NotReplayable(identifier)
    key = (row["stream"], UUID(int=row["subject"].int))
    subjects = await marks_store.lock_subjects(tx, inbox.consumer, [key])
    held: Held | None = subjects[key].held.get(row["version"])
    if held is None or held.id != identifier:
        raise UnknownRecord(identifier)
    return held.record, subjects, subjects[key]


async def _trace(inbox: Inbox, tx: Tx, action: str, record: Record, reason: str | None = None) -> None:
    """Audited under the record's own académie, or the first served one when its headers name none."""
    seen = record.envelope
    academie = seen.academie if seen is not None and seen.academie in inbox.served else min(inbox.served)
    await tx.see([academie])
    detail = {"place": "/".join(map(str, record.place)), "consumer": inbox.consumer}
    subject = seen.subject if seen is not None else UUID(int=0)
    audit.record(tx, academie, action, subject, reason=reason, detail=detail)


HELD = """
SELECT h.*, (
    SELECT count(*) FROM infra.held b
    WHERE (b.consumer, b.stream, b.subject) = (h.consumer, h.stream, h.subject) AND b.version > h.version
) AS behind
FROM infra.held h
WHERE h.consumer = $1 AND h.state <> 'passed' AND ($2::bigint IS NULL OR h.id = $2)
  AND ($3::text IS NULL OR h.state = $3) AND ($4::text IS NULL OR h.stream = $4)
ORDER BY h.id
"""
