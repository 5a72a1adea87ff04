"""What a consumer asks its database before and while it consumes: its handlers, its place, whether it may."""

from collections.abc import Sequence

import msgspec

from common.handlers import HandlerKind
from common.inbox import Inbox
from common.marks_store import STOP

STOPPED = "stopped: "


async def refusal(inbox: Inbox) -> str:
    """Why this process must not consume now; "" when it may. Learns which projections are still to be built."""
    pool, service, known = inbox.db.pool, inbox.table.service, inbox.table.names()
    stopped = await pool.fetchval(WHY_STOPPED, inbox.consumer)
    if stopped is not None:
        return f"{STOPPED}{stopped}"
    rows = {row["name"]: row for row in await pool.fetch(HANDLERS)}
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


async def resume(inbox: Inbox) -> bool:
    """Returns whether it was stopped."""
    status: str = await inbox.db.pool.execute(RESUME, inbox.consumer)
    return status != "UPDATE 0"


WHY_STOPPED = "SELECT reason FROM infra.consumer WHERE consumer = $1 AND stopped_at IS NOT NULL"
HANDLERS = "SELECT name, kind, first, built_at FROM infra.handler"
PLACES = 'SELECT stream, partition, next FROM infra."offset" WHERE consumer = $1'
BEGIN_AGAIN = 'UPDATE infra."offset" SET next = 0 WHERE (consumer, stream, partition) = ($1, $2, $3)'
RESUME = "UPDATE infra.consumer SET stopped_at = NULL WHERE consumer = $1 AND stopped_at IS NOT NULL"
