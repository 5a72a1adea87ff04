"""The inbox's bookkeeping in its tables: marks, held records, places in the log."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg
import msgspec

from common import envelope
from common.contracts.catalogue import PRODUCERS, STREAMS
from common.marks import Fork, Held, HeldState, Record, Subject
from common.outbox import source
from common.tx import Tx

LONGEST_ERROR = 2000  # characters
Subjects = dict[tuple[str, UUID], Subject]


async def claim(tx: Tx, consumer: str, mine: Mapping[tuple[str, int], int]) -> tuple[dict[tuple[str, int], int], str]:
    """Lock the places in the log; returns where this database says they are, and why the consumer is stopped."""
    places = sorted(mine)
    streams, partitions = [s for s, _ in places], [p for _, p in places]
    rows = await tx.fetch(CLAIM, consumer, streams, partitions)
    return {(r["stream"], r["partition"]): r["next"] for r in rows}, rows[0]["stopped"] or ""


async def lock(tx: Tx, consumer: str, records: Sequence[Record]) -> Subjects:
    """Lock the marks of all subjects of the batch, in sorted order, and load what is held of them."""
    met = {(r.stream, r.envelope.subject) for r in records if r.envelope is not None}
    keys = sorted(met, key=lambda key: (key[0], key[1].int))  # as UUIDs compare, without asking each of them
    return await lock_subjects(tx, consumer, keys)


async def lock_subjects(tx: Tx, consumer: str, keys: Sequence[tuple[str, UUID]]) -> Subjects:
    if not keys:
        return {}
    streams, subjects = [s for s, _ in keys], [u for _, u in keys]
    await tx.execute(MISSING_MARKS, consumer, streams, subjects)
    marks = await tx.fetch(LOCK_MARKS, consumer, streams, subjects)
    held = await tx.fetch(HELD, consumer, streams, subjects)
    found: Subjects = {}
    for row in marks:
        key = keys[row["place"] - 1]
        found[key] = Subject(STREAMS[key[0]].kind, row["version"], row["event_id"], {})
    for row in held:
        found[row["stream"], UUID(int=row["subject"].int)].held[row["version"]] = held_of(row)
    return found


def held_of(row: asyncpg.Record) -> Held:
    return Held(row["id"], HeldState(row["state"]), row["event_id"], record_of(row), row["error"])


def record_of(row: asyncpg.Record) -> Record:
    """The record as it came; its envelope was readable if it has a subject."""
    headers = msgspec.msgpack.decode(row["headers"], type=list[tuple[str, bytes | None]])
    return Record(
        stream=row["stream"],
        topic=row["topic"],
        partition=row["partition"],
        offset=row["log_offset"],
        key=row["key"],
        headers=headers,
        payload=row["payload"],
        envelope=None if row["subject"] is None else envelope.read(headers),
    )


async def save(tx: Tx, consumer: str, subjects: Subjects, unreadable: Sequence[Record], forks: Sequence[Fork]) -> None:
    moved = [(stream, subject, m.version, m.event_id) for (stream, subject), m in subjects.items() if m.moved]
    if moved:
        await tx.execute(MARK, consumer, *zip(*moved, strict=True))
    if dropped := [i for m in subjects.values() for i in m.dropped]:
        tx.many(DROP, [(i,) for i in dropped])
    if passed := [i for m in subjects.values() for i in m.passed]:
        tx.many(PASSED, [(i,) for i in passed])
    rows = [
        (*_row(consumer, held.record), held.state.value, _storable(held.error), *_whose(held.record))
        for subject in subjects.values()
        for held in (subject.held[v] for v in sorted(subject.changed))
    ]
    rows += [
        (*_row(consumer, record), HeldState.PARKED.value, _storable(record.fault), *_whose(record))
        for record in unreadable
    ]
    if rows:
        tx.many(HOLD, rows)
    if forks:
        tx.many(FORK, [_fork(consumer, fork) for fork in forks])


def _row(consumer: str, record: Record) -> tuple[object, ...]:
    seen = record.envelope
    identity = (None, None, None) if seen is None else (seen.subject, seen.version, seen.id)
    headers = msgspec.msgpack.encode(record.headers)
    return (consumer, record.stream, *identity, *record.place, record.key, headers, record.payload)


def _whose(record: Record) -> tuple[str | None, str | None]:
    """Its académie, where source and académie agree, and its type: what operators look for."""
    seen = record.envelope
    if seen is None:
        return None, None
    trusted = seen.source == source(seen.academie, PRODUCERS[record.stream])
    return _storable(seen.academie) if trusted else None, _storable(seen.type)


def _storable(error: str) -> str:
    """Parts of a hostile record stand in it: of any length, with characters that PostgreSQL's text does not know."""
    return error[:LONGEST_ERROR].replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _fork(consumer: str, fork: Fork) -> tuple[object, ...]:
    record = fork.record
    seen = record.envelope
    assert seen is not None
    headers = msgspec.msgpack.encode(record.headers)
    return (consumer, record.stream, seen.subject, seen.version, fork.first, seen.id, headers, record.payload)


async def move(tx: Tx, consumer: str, positions: Mapping[tuple[str, int], int]) -> None:
    tx.many(MOVE, [(consumer, stream, partition, at) for (stream, partition), at in positions.items()])


async def stop(tx: Tx, consumer: str, reason: str) -> None:
    await tx.execute(STOP, consumer, reason)


async def parked_within_a_minute(tx: Tx, consumer: str) -> set[object]:
    """Their subjects, or their places when they have none."""
    rows = await tx.fetch(RECENTLY_PARKED, consumer)
    return {
        (r["topic"], r["partition"], r["log_offset"])
        if r["subject"] is None
        else (r["stream"], UUID(int=r["subject"].int))
        for r in rows
    }


CLAIM = """
WITH claimed AS (
    INSERT INTO infra."offset" AS o (consumer, stream, partition, next)
    SELECT $1, given.*, 0 FROM unnest($2::text[], $3::int[]) AS given ORDER BY 2, 3
    ON CONFLICT (consumer, stream, partition) DO UPDATE SET next = o.next
    RETURNING stream, partition, next
)
SELECT claimed.*, (SELECT reason FROM infra.consumer WHERE consumer = $1 AND stopped_at IS NOT NULL) AS stopped
FROM claimed
"""
MISSING_MARKS = """
INSERT INTO infra.inbox (consumer, stream, subject, version)
SELECT $1, given.stream, given.subject, 0 FROM unnest($2::text[], $3::uuid[]) AS given (stream, subject)
ON CONFLICT DO NOTHING
"""
LOCK_MARKS = """
SELECT given.place, i.version, i.event_id
FROM infra.inbox i
JOIN unnest($2::text[], $3::uuid[]) WITH ORDINALITY AS given (stream, subject, place) USING (stream, subject)
WHERE i.consumer = $1 ORDER BY i.stream, i.subject FOR UPDATE OF i
"""
HELD = """
SELECT h.* FROM infra.held h JOIN unnest($2::text[], $3::uuid[]) AS given (stream, subject) USING (stream, subject)
WHERE h.consumer = $1 AND h.state <> 'passed'
"""
MARK = """
UPDATE infra.inbox i SET version = given.version, event_id = given.event_id
FROM unnest($2::text[], $3::uuid[], $4::bigint[], $5::uuid[]) AS given (stream, subject, version, event_id)
WHERE i.consumer = $1 AND (i.stream, i.subject) = (given.stream, given.subject)
"""
DROP = "DELETE FROM infra.held WHERE id = $1"
PASSED = "UPDATE infra.held SET state = 'passed' WHERE id = $1"
HOLD = """
INSERT INTO infra.held (consumer, stream, subject, version, event_id, topic, partition, log_offset, key, headers,
                        payload, state, error, academie, type, attempts)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 1)
ON CONFLICT (consumer, topic, partition, log_offset)
DO UPDATE SET state = excluded.state, error = excluded.error, attempts = held.attempts + 1,
    held_at = CASE WHEN held.state = excluded.state THEN held.held_at ELSE excluded.held_at END
"""
FORK = "INSERT INTO infra.fork VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING"
MOVE = 'UPDATE infra."offset" SET next = $4 WHERE (consumer, stream, partition) = ($1, $2, $3)'
STOP = """
INSERT INTO infra.consumer (consumer, stopped_at, reason) VALUES ($1, clock_timestamp(), $2)
ON CONFLICT (consumer) DO UPDATE SET stopped_at = excluded.stopped_at, reason = excluded.reason
"""
RECENTLY_PARKED = """
SELECT stream, subject, topic, partition, log_offset FROM infra.held
WHERE consumer = $1 AND state = 'parked' AND held_at > clock_timestamp() - interval '1 minute'
"""
