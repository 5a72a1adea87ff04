"""What stands in a service's outbox, and whose relay empties it: read from the database alone, broker or not."""

from datetime import datetime

import asyncpg
from msgspec import Struct

from common.relay import LOCK


class Holder(Struct, frozen=True, kw_only=True):
    """A relay's session; what the role that asks may not see is None."""

    pid: int  # of the server's process
    application: str | None  # bassin.<service>.relay@<host or pod>
    address: str | None
    connected_at: datetime | None


class OutboxState(Struct, frozen=True, kw_only=True):
    service: str
    depth: int  # events written and not yet published
    oldest_seconds: float  # 0 when there is none
    owner: Holder | None  # who holds the lock, hence publishes
    standing_by: int  # relays that wait for the lock


async def state(service: str, database: str) -> OutboxState:
    """`database` as role relay, which may see its own sessions; as role app the address stays unknown."""
    connection = await asyncpg.connect(database, timeout=5)
    try:
        figures = await connection.fetchrow(FIGURES)
        sessions = await connection.fetch(SESSIONS, LOCK >> 32, LOCK & 0xFFFFFFFF)
    finally:
        await connection.close()
    assert figures is not None
    owners = [_holder(row) for row in sessions if row["granted"]]
    return OutboxState(
        service=service,
        depth=figures["depth"],
        oldest_seconds=round(figures["oldest"], 1),
        owner=owners[0] if owners else None,
        standing_by=len(sessions) - len(owners),
    )


def _holder(row: asyncpg.Record) -> Holder:
    return Holder(
        pid=row["pid"],
        application=row["application_name"],
        address=None if row["client_addr"] is None else str(row["client_addr"]),
        connected_at=row["backend_start"],
    )


FIGURES = """
SELECT count(*) AS depth, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS oldest
FROM infra.outbox
"""
# A 64-bit advisory lock is shown as its two halves.
SESSIONS = """
SELECT l.granted, a.pid, a.application_name, a.client_addr, a.backend_start
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND (l.classid::bigint, l.objid::bigint) = ($1, $2)
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY l.granted DESC, a.backend_start
"""
