"""What a relay does before it publishes: match its database with its topics, after a crash, a fail-over or a restore.

A published record is one of three: of a row that is still in the outbox (sent, so the row goes), unknown to this
database (a lost fact: this is an older copy of the database that published it), or a late duplicate.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeAlias
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from common import envelope, metrics
from common.committed_log import Logged, Place
from common.contracts.catalogue import STREAMS
from common.contracts.events import StreamKind
from common.envelope import Envelope, Unreadable

log = logging.getLogger("bassin.relay")

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
SubjectKey = tuple[str, UUID]


class Found(Struct):
    """What a chunk of the log turned out to be, as (stream, number)."""

    sent: int = 0
    lost: list[str] = msgspec.field(default_factory=list)
    late: list[str] = msgspec.field(default_factory=list)


async def published(connection: Connection) -> dict[Place, int]:
    rows = await connection.fetch("SELECT stream, partition, next FROM infra.published")
    return {(row["stream"], row["partition"]): row["next"] for row in rows}


async def move(connection: Connection, known: Mapping[Place, int | None], after: Mapping[Place, int]) -> bool:
    """Move infra.published; False if it is not as this relay left it."""
    places = sorted(after)
    moved: int = await connection.fetchval(
        MOVE,
        [stream for stream, _ in places],
        [partition for _, partition in places],
        [known.get(place) for place in places],
        [after[place] for place in places],
    )
    return moved == len(places)


async def settle(
    connection: Connection,
    chunk: Sequence[Logged],
    known: Mapping[Place, int],
    after: Mapping[Place, int],
) -> Found | None:
    """One chunk of the log in one transaction; None if infra.published moved under it."""
    ours = [(record, seen) for record in chunk if (seen := _read(record)) is not None]
    found = Found()
    async with connection.transaction():
        subjects = sorted({(record.stream, seen.subject) for record, seen in ours})
        versions, unsent = await _lock(connection, subjects)
        for record, seen in ours:
            key = (record.stream, seen.subject)
            rows = unsent.get(key, {})
            if seen.id in rows:
                del rows[seen.id]
                await connection.execute("DELETE FROM infra.outbox WHERE event_id = $1", seen.id)
                found.sent += 1
            elif seen.version > versions[key] or seen.version in rows.values():
                await _keep_lost(connection, record, seen)
                await _renumber(connection, key, seen.version, versions, rows)
                found.lost.append(record.stream)
            else:
                found.late.append(record.stream)
        changed = {place: end for place, end in after.items() if known.get(place) != end}
        if not await move(connection, {place: known.get(place) for place in changed}, changed):
            return None
    return found


def _read(record: Logged) -> Envelope | None:
    """None for what cannot be ours: we never publish a header that cannot be read."""
    try:
        return envelope.read(record.headers)
    except Unreadable:
        return None


async def _lock(
    connection: Connection, subjects: Sequence[SubjectKey]
) -> tuple[dict[SubjectKey, int], dict[SubjectKey, dict[UUID, int]]]:
    """Lock the subjects' versions, then read their unsent rows: nothing is appended to them meanwhile."""
    streams, ids = [s for s, _ in subjects], [u for _, u in subjects]
    await connection.execute(KNOW, streams, ids)
    versions = {(r["stream"], r["subject"]): r["version"] for r in await connection.fetch(LOCK, streams, ids)}
    unsent: dict[SubjectKey, dict[UUID, int]] = {}
    for row in await connection.fetch(UNSENT, streams, ids):
        unsent.setdefault((row["stream"], row["subject"]), {})[row["event_id"]] = row["version"]
    return versions, unsent


async def _keep_lost(connection: Connection, record: Logged, seen: Envelope) -> None:
    headers = {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers}
    again = STREAMS[record.stream].kind is StreamKind.STATE
    await connection.execute(
        KEEP_LOST,
        seen.id,
        record.stream,
        record.partition,
        record.offset,
        seen.subject,
        seen.version,
        msgspec.json.encode(headers).decode(),
        record.value or b"",
        again,
    )


async def _renumber(
    connection: Connection,
    key: SubjectKey,
    lost: int,
    versions: dict[SubjectKey, int],
    rows: dict[UUID, int],
) -> None:
    """The subject goes on above the lost version, its unsent rows included, in their order."""
    stream, subject = key
    for place, event_id in enumerate(sorted(rows, key=rows.__getitem__), start=1):
        rows[event_id] = lost + place
    versions[key] = max(versions[key], lost + len(rows))
    await connection.executemany("UPDATE infra.outbox SET version = $2 WHERE event_id = $1", list(rows.items()))
    await connection.execute(GO_ON, stream, subject, versions[key])


def count(service: str, found: Found) -> None:
    """Once committed; `bassin lost list` names each, the log says how many."""
    for stream, number in Counter(found.lost).items():
        metrics.lost_facts.labels(service, stream).inc(number)
        log.error("lost facts found in the log", extra={"stream": stream, "number": number})
    for stream in found.late:
        metrics.relay_late_duplicates.labels(service, stream).inc()


MOVE = """
WITH given AS (
    SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) AS g (stream, partition, known, after)
), inserted AS (
    INSERT INTO infra.published (stream, partition, next)
    SELECT stream, partition, after FROM given WHERE known IS NULL
    ON CONFLICT DO NOTHING RETURNING 1
), updated AS (
    UPDATE infra.published p SET next = g.after FROM given g
    WHERE (p.stream, p.partition) = (g.stream, g.partition) AND p.next = g.known RETURNING 1
)
SELECT (SELECT count(*) FROM inserted) + (SELECT count(*) FROM updated)
"""
KNOW = """
INSERT INTO infra.aggregate (stream, subject, version)
SELECT g.*, 0 FROM unnest($1::text[], $2::uuid[]) AS g ORDER BY 1, 2 ON CONFLICT DO NOTHING
"""
LOCK = """
SELECT a.stream, a.subject, a.version FROM infra.aggregate a
JOIN unnest($1::text[], $2::uuid[]) AS g (stream, subject) USING (stream, subject)
ORDER BY a.stream, a.subject FOR UPDATE OF a
"""
UNSENT = """
SELECT o.stream, o.subject, o.event_id, o.version FROM infra.outbox o
JOIN unnest($1::text[], $2::uuid[]) AS g (stream, subject) USING (stream, subject) ORDER BY o.id
"""
KEEP_LOST = """
INSERT INTO infra.lost_fact
    (event_id, stream, partition, log_offset, subject, version, headers, payload, republish)
VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9) ON CONFLICT DO NOTHING
"""
GO_ON = "UPDATE infra.aggregate SET version = $3 WHERE (stream, subject) = ($1, $2)"
