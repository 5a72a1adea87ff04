"""What a real PostgreSQL does to a request - deadlock, lock, time-out, cut, refusal - is 503 and can be sent again."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
from litestar import Litestar, get
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery

from common.web import Description, http_app


@get("/v1/cut")
async def cut(state: State) -> None:
    async with state.pool.acquire() as connection:
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")


@get("/v1/slow")
async def slow(state: State) -> None:
    async with state.pool.acquire() as connection:
        await connection.execute("SET statement_timeout = '20ms'; SELECT pg_sleep(5)")


@get("/v1/locked")
async def locked(state: State) -> None:
    async with state.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '20ms'; SELECT pg_advisory_xact_lock(4711)")


@get("/v1/pairs/{first:int}")
async def pair(first: FromPath[int], second: FromQuery[int], state: State) -> None:
    async with state.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL deadlock_timeout = '20ms'")
        await connection.execute("SELECT pg_advisory_xact_lock($1)", first)
        await asyncio.wait_for(state.both.wait(), 5)
        await connection.execute("SELECT pg_advisory_xact_lock($1)", second)


@get("/v1/unserialisable")
async def unserialisable(state: State) -> None:
    async with state.pool.acquire() as connection:
        await connection.execute("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")


def app_of(pool: Any) -> Any:
    app: Litestar = http_app(
        "training", [cut, slow, locked, pair, unserialisable], description=Description(title="x", text="x")
    )
    app.state.pool, app.state.both = pool, asyncio.Event()
    return app


@pytest.fixture
async def pool(postgres: str) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    async with asyncpg.create_pool(postgres, min_size=0, max_size=4) as pool:
        yield pool


@pytest.fixture
async def client(pool: "asyncpg.Pool[asyncpg.Record]") -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app_of(pool)), base_url="http://test") as client:
        yield client


def busy(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.json()["type"], answer.headers.get("retry-after")) == (
        503,
        "/problems/busy",
        "2",
    )


@pytest.mark.parametrize("trouble", ["cut", "slow", "unserialisable"])
async def test_a_transaction_that_the_database_ends_can_be_sent_again(client: httpx.AsyncClient, trouble: str) -> None:
    assert busy(await client.get(f"/v1/{trouble}"))
    assert busy(await client.get(f"/v1/{trouble}"))  # and the pool goes on


async def test_a_lock_that_is_not_given_in_time_can_be_asked_again(
    client: httpx.AsyncClient, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    async with pool.acquire() as holder, holder.transaction():
        await holder.execute("SELECT pg_advisory_xact_lock(4711)")
        assert busy(await client.get("/v1/locked"))

    assert (await client.get("/v1/locked")).status_code == 200


async def test_of_a_deadlock_one_goes_on_and_one_can_be_sent_again(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    app = app_of(pool)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        asked = [asyncio.create_task(client.get(path)) for path in ("/v1/pairs/1?second=2", "/v1/pairs/2?second=1")]
        await asyncio.sleep(0.2)  # both hold their first lock
        app.state.both.set()
        answers = await asyncio.gather(*asked)

    assert sorted(answer.status_code for answer in answers) == [200, 503]
    assert sum(answer.status_code == 503 and busy(answer) for answer in answers) == 1


async def test_a_database_that_is_not_there_is_503(unused_tcp_port: int) -> None:
    pool = asyncpg.create_pool(f"postgresql://nobody@127.0.0.1:{unused_tcp_port}/none", min_size=0, timeout=2)
    async with (
        pool,
        httpx.AsyncClient(transport=httpx.ASGITransport(app_of(pool)), base_url="http://test") as client,
    ):
        assert busy(await client.get("/v1/slow"))
