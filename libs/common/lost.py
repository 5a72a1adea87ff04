"""What was published and a restored database does not know: without it nobody would see what the lost hour held."""

from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from common.held import EVERYTHING, Scope, readable
from common.statements import Connection

Fetching: TypeAlias = "Connection | asyncpg.Pool[asyncpg.Record]"


class LostFact(Struct, frozen=True, kw_only=True):
    """Un fait publié que la base, restaurée depuis une copie plus ancienne, ne connaît pas."""

    event_id: UUID
    type: str
    academie: str
    stream: str
    partition: int
    offset: int
    subject: UUID
    version: int
    found_at: datetime
    body: Any


class Sought(Struct, frozen=True, kw_only=True):
    """Filters of the list; None lets everything pass."""

    since: datetime | None = None
    academie: str | None = None
    type: str | None = None


ALL = Sought()


async def lost(
    connection: Fetching,
    sought: Sought = ALL,
    *,
    scope: Scope = EVERYTHING,
    after: UUID | None = None,
    limit: int | None = None,
) -> list[LostFact]:
    """As they were found, those of one moment as they stand in the log; those behind the event `after`."""
    given = (scope.everything, sorted(scope.academies), *msgspec.structs.astuple(sought), after, limit)
    return [LostFact(**{**row, "body": readable(row["body"])}) for row in await connection.fetch(LOST, *given)]


LOST = """
SELECT event_id, headers ->> 'ce_type' AS type, headers ->> 'ce_academie' AS academie, stream, partition,
       log_offset AS "offset", subject, version, found_at, payload AS body
FROM infra.lost_fact
WHERE ($1 OR headers ->> 'ce_academie' = ANY ($2::text[])) AND ($3::timestamptz IS NULL OR found_at >= $3)
  AND ($4::text IS NULL OR headers ->> 'ce_academie' = $4) AND ($5::text IS NULL OR headers ->> 'ce_type' = $5)
  AND ($6::uuid IS NULL OR (found_at, stream, partition, log_offset) > (
      SELECT a.found_at, a.stream, a.partition, a.log_offset FROM infra.lost_fact a WHERE a.event_id = $6))
ORDER BY found_at, stream, partition, log_offset LIMIT $7
"""
