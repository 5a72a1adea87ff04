"""What a consumer asks its database before and while it consumes: its handlers, its place, whether it may."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from common import audit
from common.handlers import HandlerKind
from common.inbox import Inbox
from common.marks_store import STOP
from common.tx import Tx

STOPPED = "stopped: "


class Standing(Struct, frozen=True, kw_only=True):
    """Depuis quand la réception est arrêtée (absent si elle ne l’est pas), et la raison de son dernier arrêt."""

    stopped_at: datetime | None = None
    reason: str = ""


async def refusal(inbox: Inbox) -> str:
    """Why this process must not consume now; "" when it may."""
    stopped = await inbox.db.pool.fetchval(WHY_STOPPED, inbox.consumer)
    return f"{STOPPED}{stopped}" if stopped is not None else await unfit(inbox)


async def unfit(inbox: Inbox) -> str:
    """Why this process must apply no record; "" when it may.

    Learns which projections are still to be built, and from where on each reaction hears.
    """
    service, known = inbox.table.service, inbox.table.names()
    rows = {row["name"]: row for row in await inbox.db.pool.fetch(HANDLERS)}
    if missing := known.keys() - rows.keys():
        return f"handlers not registered: {', '.join(sorted(missing))}; run bassin provision {service}"
    if unknown := rows.keys() - known.keys():
        return f"handlers of another release: {', '.join(sorted(unknown))}"
    inbox.asleep = frozenset(
        name for name, row in rows.items() if row["kind"] == HandlerKind.PROJECTION and row["built_at"] is None
    )
    inbox.first = {
        name: msgspec.json.decode(row["first"], type=dict[str, dict[int, int]], strict=False)
        for name, row in rows.items()
    }
    return ""


async def places(inbox: Inbox) -> dict[tuple[str, int], int]:
    """Where this database is in each partition it has ever read."""
    rows = await inbox.db.pool.fetch(PLACES, inbox.consumer)
    return {(row["stream"], row["partition"]): row["next"] for row in rows}


async def stop(inbox: Inbox, reason: str) -> None:
    await inbox.db.pool.execute(STOP, inbox.consumer, reason)


async def stop_beyond_the_end(inbox: Inbox, beyond: Sequence[tuple[str, int, str]]) -> str:
    """The broker lost what it had acknowledged. Once resumed all is read again: the marks know what was applied.

    `beyond` says what of each (stream, partition); returns the reason.
    """
    reason = f"the log is shorter than what was read of it: {'; '.join(what for _, _, what in beyond)}"
    async with inbox.db.pool.acquire() as connection, connection.transaction():
        await connection.execute(STOP, inbox.consumer, reason)
        await connection.executemany(BEGIN_AGAIN, [(inbox.consumer, stream, number) for stream, number, _ in beyond])
    return reason


async def resume(inbox: Inbox, tx: Tx, *, academie: str = "", person: str = "") -> Standing:
    """Let it go on; returns how it stood before: nothing is done, nor audited, when it was not stopped.

    Audited under `academie`, else under the first served one; `person` is a command line's user.
    """
    was = _standing(await tx.fetchrow(RESUME, inbox.consumer))
    if was.stopped_at is not None:
        own = academie or min(inbox.served)
        if own not in tx.seen.split(","):
            await tx.see([own])
        detail = {"consumer": inbox.consumer, "stopped": was.reason} | ({"system_user": person} if person else {})
        audit.record(tx, own, "consumer.resumed", UUID(int=0), detail=detail)
    return was


async def standing(inbox: Inbox, tx: Tx) -> Standing:
    return _standing(await tx.fetchrow(STANDING, inbox.consumer))


def _standing(row: asyncpg.Record | None) -> Standing:
    """A consumer that never stopped has no row."""
    return Standing() if row is None else Standing(stopped_at=row["stopped_at"], reason=row["reason"])


WHY_STOPPED = "SELECT reason FROM infra.consumer WHERE consumer = $1 AND stopped_at IS NOT NULL"
HANDLERS = "SELECT name, kind, first, built_at FROM infra.handler"
PLACES = 'SELECT stream, partition, next FROM infra."offset" WHERE consumer = $1'
BEGIN_AGAIN = 'UPDATE infra."offset" SET next = 0 WHERE (consumer, stream, partition) = ($1, $2, $3)'
STANDING = "SELECT stopped_at, reason FROM infra.consumer WHERE consumer = $1"
RESUME = """
WITH was AS (
    SELECT stopped_at, reason FROM infra.consumer WHERE consumer = $1 FOR UPDATE
), resumed AS (
    UPDATE infra.consumer SET stopped_at = NULL FROM was WHERE consumer = $1 AND was.stopped_at IS NOT NULL
)
SELECT stopped_at, reason FROM was
"""
