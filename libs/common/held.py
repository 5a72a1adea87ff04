"""What operators see of the records that wait or are parked: each académie's own, by what they are and what failed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from common.inbox import Inbox

BEHIND = 200  # records that wait behind one, shown at most; their number is told anyway


class Scope(Struct, frozen=True, kw_only=True):
    """Whose records somebody may see; `everything`: those that nobody can say whose they are, too."""

    academies: frozenset[str] = frozenset()
    everything: bool = False


EVERYTHING = Scope(everything=True)


class Wanted(Struct, frozen=True, kw_only=True):
    """Filters of the list; None lets everything pass. `error` is a part of the error's text, upper or lower case."""

    state: str | None = None
    stream: str | None = None
    subject: UUID | None = None
    type: str | None = None
    academie: str | None = None
    since: datetime | None = None
    error: str | None = None


ANYTHING = Wanted()


class HeldRecord(Struct, frozen=True, kw_only=True):
    """Un enregistrement qui attend, ou qui n’a pas pu être appliqué."""

    id: int
    state: str
    stream: str
    subject: UUID | None
    version: int | None
    event_id: UUID | None
    type: str | None
    academie: str | None
    place: str  # topic/partition/offset
    error: str
    attempts: int
    held_at: datetime
    behind: int  # records that wait for this one


class Behind(Struct, frozen=True, kw_only=True):
    """Ce qui attend derrière un enregistrement, dans l’ordre où il sera appliqué."""

    id: int
    version: int
    type: str | None
    state: str


class HeldDetail(HeldRecord, frozen=True, kw_only=True):
    """Un enregistrement avec ses en-têtes, son contenu pour autant qu’il se lise, et ce qui attend derrière lui."""

    headers: dict[str, str]
    body: Any
    waiting: list[Behind]


async def held(
    inbox: Inbox, wanted: Wanted = ANYTHING, *, scope: Scope = EVERYTHING, after: int = 0, limit: int | None = None
) -> list[HeldRecord]:
    """Oldest first, those held after the record `after`."""
    rows = await inbox.db.pool.fetch(LIST, *_given(inbox, scope), after, limit, *msgspec.structs.astuple(wanted))
    return [HeldRecord(**_shown(row)) for row in rows]


async def show(inbox: Inbox, record: int, *, scope: Scope = EVERYTHING) -> HeldDetail | None:
    """None: no such record is held, or not in this scope."""
    if not 0 < record < 2**63:
        return None
    row = await inbox.db.pool.fetchrow(SHOW, *_given(inbox, scope), record)
    if row is None:
        return None
    key = (row["stream"], row["subject"], row["version"])
    behind = [] if row["subject"] is None else await inbox.db.pool.fetch(WAITING, *_given(inbox, scope), *key, BEHIND)
    headers = msgspec.msgpack.decode(row["headers"], type=list[tuple[str, bytes | None]])
    return HeldDetail(
        **_shown(row),
        headers={name: "null" if value is None else value.decode("utf-8", "replace") for name, value in headers},
        body=readable(row["payload"]),
        waiting=[Behind(**dict(each)) for each in behind],
    )


def readable(payload: bytes | None) -> object:
    """JSON as it is, anything else as text."""
    try:
        return msgspec.json.decode(payload or b"null")
    except msgspec.DecodeError:
        return (payload or b"").decode("utf-8", "replace")


def _given(inbox: Inbox, scope: Scope) -> Sequence[object]:
    return inbox.consumer, scope.everything, sorted(scope.academies)


def _shown(row: asyncpg.Record) -> dict[str, Any]:
    same = {name: row[name] for name in HeldRecord.__struct_fields__ if name != "place"}
    return same | {"place": f"{row['topic']}/{row['partition']}/{row['log_offset']}"}


# What each of them begins with: $1 the consumer, $2 and $3 the scope.
SEEN = "h.consumer = $1 AND h.state <> 'passed' AND ($2 OR h.academie = ANY ($3::text[]))"
COLUMNS = """
h.id, h.state, h.stream, h.subject, h.version, h.event_id, h.type, h.academie, h.topic, h.partition, h.log_offset,
h.error, h.attempts, h.held_at, (
    SELECT count(*) FROM infra.held b
    WHERE (b.consumer, b.stream, b.subject) = (h.consumer, h.stream, h.subject) AND b.version > h.version
      AND b.state <> 'passed'
) AS behind
"""
LIST = f"""
SELECT {COLUMNS} FROM infra.held h WHERE {SEEN} AND h.id > $4
  AND ($6::text IS NULL OR h.state = $6) AND ($7::text IS NULL OR h.stream = $7)
  AND ($8::uuid IS NULL OR h.subject = $8) AND ($9::text IS NULL OR h.type = $9)
  AND ($10::text IS NULL OR h.academie = $10) AND ($11::timestamptz IS NULL OR h.held_at >= $11)
  AND ($12::text IS NULL OR strpos(lower(h.error), lower($12)) > 0)
ORDER BY h.id LIMIT $5
"""  # noqa: S608 - of constants
SHOW = f"SELECT {COLUMNS}, h.headers, h.payload FROM infra.held h WHERE {SEEN} AND h.id = $4"  # noqa: S608
WAITING = f"""
SELECT h.id, h.version, h.type, h.state FROM infra.held h
WHERE {SEEN} AND (h.stream, h.subject) = ($4, $5) AND h.version > $6 ORDER BY h.version LIMIT $7
"""  # noqa: S608
