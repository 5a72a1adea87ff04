"""A command asks the database four times: begin, lock and load, write, commit."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
import pytest

from common.db import Database

if TYPE_CHECKING:
    from tests.service.hr_networks.conftest import Census

PATH = "/v1/hr-networks/campaigns"
Named = Callable[..., dict[str, str]]
Asked = list[str]


@asynccontextmanager
async def one_connection(census: "Census") -> AsyncIterator[Asked]:
    """All statements of the service, as they are asked: a multi-statement simple query is asked once."""
    asked: Asked = []

    async def listening(connection: Any) -> None:
        await connection.fetchval("SELECT $1::uuid[]", [])  # asyncpg asks once a connection what an array is
        connection.add_query_logger(lambda query: asked.append(query.query))

    async def nothing_to_reset(_: object) -> None:
        """As in `common.db.connect`."""

    url = census.served.urls.app
    pool = await asyncpg.create_pool(url, min_size=1, max_size=1, init=listening, reset=nothing_to_reset)
    before, clock = census.served.app.state.db, census.served.app.state.clock
    census.served.app.state.db = Database("hr_networks", pool, clock)
    try:
        yield asked
    finally:
        census.served.app.state.db = before
        await pool.close()


@pytest.fixture
async def commands(census: "Census", named: Named) -> dict[str, Callable[[], Awaitable[httpx.Response]]]:
    opened = await census.open()
    await census.answer(opened, census.college, named())

    async def open_another() -> httpx.Response:
        async with census.as_office() as office:
            return await office.post(PATH, json=census.wish)

    async def answer() -> httpx.Response:
        return await census.answer(opened, census.lycee, named("Bruno", "Calmette"))

    async def correct() -> httpx.Response:
        return await census.answer(opened, census.college, named(), named("Chloé", "Arnould",
                                   work_mail="c@ac-test.example"), if_match='"1"')  # fmt: skip

    async def move() -> httpx.Response:
        async with census.as_office() as office:
            wish = {"deadline": "2007-11-30"}
            return await office.patch(f"{PATH}/{opened}", json=wish, headers={"If-Match": '"1"'})

    async def close() -> httpx.Response:
        async with census.as_office() as office:
            return await office.post(f"{PATH}/{opened}/closing", json={"reason": "Fini."})

    return {"open": open_another, "answer": answer, "correct": correct, "move": move, "close": close}


@pytest.mark.parametrize("name", ["open", "answer", "correct", "move", "close"])
async def test_a_command_is_four_round_trips(
    census: "Census", commands: dict[str, Callable[[], Awaitable[httpx.Response]]], name: str
) -> None:
    async with one_connection(census) as asked:
        answer = await commands[name]()

    assert answer.is_success, answer.text
    assert len(asked) == 4, asked
    assert asked[0].startswith("BEGIN")
    assert asked[3].endswith("COMMIT")
