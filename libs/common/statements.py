"""Statements for many rows that handlers collected, sent together instead of one by one."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

import asyncpg
from msgspec import Struct

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]"
Row: TypeAlias = Sequence[Any]
Sending: TypeAlias = Callable[[Connection, str, list[Row]], Awaitable[None]]


class Statement(Struct):
    sending: Sending
    sql: str
    rows: list[Row]
    projection: str  # whose it is; "" of everybody else


class Statements:
    """In the order in which they were collected, as far as anybody can tell.

    A projection's statements touch its own tables alone (`common.handlers.Projection`). What several of them collect
    for each record of a batch in turn is therefore one statement each, and not one a record.
    """

    def __init__(self) -> None:
        self._collected: list[Statement] = []

    def add(self, sending: Sending, sql: str, rows: Sequence[Row], projection: str) -> None:
        for earlier in reversed(self._collected):
            if (earlier.sending, earlier.sql, earlier.projection) == (sending, sql, projection):
                earlier.rows.extend(rows)
                return
            if "" in {projection, earlier.projection} or projection == earlier.projection:
                break  # it may read what that one writes
        self._collected.append(Statement(sending, sql, list(rows), projection))

    async def send(self, connection: Connection) -> int:
        """Returns how many round trips that took."""
        sent, self._collected = self._collected, []
        for statement in sent:
            await statement.sending(connection, statement.sql, statement.rows)
        return len(sent)

    def forget(self) -> None:
        self._collected.clear()


async def each(connection: Connection, sql: str, rows: list[Row]) -> None:
    """The statement for one row after the other, without waiting in between."""
    await connection.executemany(sql, rows)


async def once(connection: Connection, sql: str, rows: list[Row]) -> None:
    """The statement once: its parameters are the columns."""
    if rows:
        await connection.execute(sql, *zip(*rows, strict=True))
