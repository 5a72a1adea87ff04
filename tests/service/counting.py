"""What a command asks the database, counted statement by statement on a connection of its own: four at most."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
import httpx
from litestar.routes import HTTPRoute

from common.db import Database

if TYPE_CHECKING:
    from tests.service.conftest import Served

Route: TypeAlias = tuple[str, str]  # method and address, as the application has it
Command: TypeAlias = Callable[[], Awaitable[httpx.Response]]
Commands: TypeAlias = Sequence[tuple[Route, Command]]
MOST = 4  # begin; lock and load; write; commit
ARRAYS = ("uuid", "text", "int", "date")


async def count(served: "Served", commands: Commands) -> list[int]:
    """The round trips of each command, one after the other, on one connection."""
    async with counted(served) as asked:
        return [await round_trips(command, asked, served, route) for route, command in commands]


@asynccontextmanager
async def counted(served: "Served") -> AsyncIterator[list[str]]:
    """All statements of the service as they are asked; several in one simple query are asked once."""
    asked: list[str] = []

    async def listening(connection: Any) -> None:
        for array in ARRAYS:  # asyncpg asks once a connection what an array is
            await connection.fetchval(f"SELECT $1::{array}[]", [])
        connection.add_query_logger(lambda query: asked.append(query.query))

    async def nothing_to_reset(_: object) -> None:
        """As in `common.db.connect`."""

    pool = await asyncpg.create_pool(served.urls.app, min_size=1, max_size=1, init=listening, reset=nothing_to_reset)
    state = served.app.state
    before, state.db = state.db, Database(served.name, pool, state.clock)
    try:
        yield asked
    finally:
        state.db = before
        await pool.close()


async def round_trips(command: Command, asked: list[str], served: "Served", route: Route) -> int:
    """Of one command that succeeds: of its transaction, without what its test may have read before."""
    asked.clear()
    answer = await command()
    assert answer.is_success, answer.text
    assert route_of(answer, served) == route
    begun = max(place for place, sql in enumerate(asked) if sql.startswith("BEGIN"))
    last = asked[begun:]
    assert last[-1].endswith("COMMIT"), last
    assert len(last) <= MOST, (route, last)
    return len(last)


def route_of(answer: httpx.Response, served: "Served") -> Route:
    method, path = answer.request.method, answer.request.url.path
    found = [
        route.path
        for route in served.app.routes
        if isinstance(route, HTTPRoute)
        and method in route.methods
        and re.fullmatch(re.sub(r"\{\w+:\w+\}", "[^/]+", route.path), path.rstrip("/"))
    ]
    assert len(found) == 1, (method, path, found)
    return method, found[0]
