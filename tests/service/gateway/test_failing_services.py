"""What an agent is told when a service is down, slow, or dies while it speaks; and that nobody is asked twice."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import Any

import httpx
import pytest

from gateway import exchange, forward

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Hostile:
    """A server that reads a request head and then does as it likes."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self.requests = 0
        self.left = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.requests += 1
                await self._behaviour(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.left.set()
        finally:
            writer.close()


@asynccontextmanager
async def before(
    own: Any, behaviour: Behaviour, *, settings: dict[str, Any] | None = None, **route: Any
) -> AsyncIterator[tuple[Hostile, httpx.AsyncClient]]:
    hostile = Hostile(behaviour)
    listening = await asyncio.start_server(hostile, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    await own.provide()
    own.routes({"service": "training", "url": f"http://127.0.0.1:{port}", **route})
    yield hostile, await own.start(**(settings or {}))
    listening.close()


async def close_at_once(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def never_answer(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    if not await reader.read(1):
        raise ConnectionError


async def answer_half_of_little(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 1000)
    await writer.drain()
    writer.close()


async def answer_half(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
    await writer.drain()
    writer.close()


async def answer_half_chunked(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + b"x" * 1000 + b"\r\n")
    await writer.drain()
    writer.close()


async def answer_once_then_wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
    await never_answer(reader, writer)


async def answer_late_then_wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.8)
    await answer_once_then_wait(reader, writer)


async def answer_nonsense(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"nonsense\r\n\r\n")
    await writer.drain()
    writer.close()


async def answer_oddly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Odd: caf\xe9\r\nX-Fine: yes\r\nContent-Length: 2\r\n\r\nok")
    await writer.drain()


async def answer_unchanged(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 304 Not Modified\r\nContent-Length: 20\r\nETag: "1"\r\n\r\n')
    await writer.drain()


def refuse_the_token(*, ahead: float) -> Behaviour:
    """As a service does whose clock is so far ahead that the gateway's token has ended on arrival."""

    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        date = formatdate(time.time() + ahead, usegmt=True)
        writer.write(f"HTTP/1.1 401 Unauthorized\r\nDate: {date}\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        await writer.drain()

    return refuse


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"]


async def test_a_service_that_is_down_is_said_to_be_unavailable(own: Any) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        await own.provide()
        own.routes({"service": "training", "url": f"http://127.0.0.1:{nobody.getsockname()[1]}"})
        client = await own.start()

        answer = await client.post("/v1/training/x", headers=own.as_("chef@lille"), content=b"{}")

    assert problem(answer) == (503, "/problems/unavailable")
    assert int(answer.headers["retry-after"]) >= 1


async def test_whoever_was_recognised_here_is_not_told_to_log_in_again(
    own: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forward.REFUSED, "handlers", [caplog.handler])  # those of the root are the gateway's own
    async with before(own, refuse_the_token(ahead=600)) as (hostile, client):
        answer = await client.post("/v1/training/x", headers=own.as_("chef@lille"), content=b"{}")

    assert problem(answer) == (503, "/problems/gateway-not-recognised")
    assert int(answer.headers["retry-after"]) >= 1
    assert hostile.requests == 1
    [said] = [record for record in caplog.records if record.message == "token_refused_by_service"]
    assert abs(vars(said)["service_ahead_seconds"] - 600) <= 2


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_service_that_closes_without_answer_is_asked_once(own: Any, method: str) -> None:
    async with before(own, close_at_once) as (hostile, client):
        answer = await client.request(method, "/v1/training/x", headers=own.as_("chef@lille"), content=b"{}")

    assert problem(answer) == (502, "/problems/service-failed")
    assert hostile.requests == 1


async def test_a_service_that_does_not_answer_in_time_is_asked_once(own: Any) -> None:
    async with before(own, never_answer, read_seconds=0.3) as (hostile, client):
        answer = await client.post("/v1/training/x", headers=own.as_("chef@lille"), content=b"")

        assert problem(answer) == (504, "/problems/service-slow")
        await asyncio.wait_for(hostile.left.wait(), 2)
    assert hostile.requests == 1


@pytest.mark.parametrize("behaviour", [answer_nonsense, answer_half_of_little])
async def test_an_answer_that_is_none_is_a_bad_gateway(own: Any, behaviour: Behaviour) -> None:
    async with before(own, behaviour) as (_, client):
        answer = await client.get("/v1/training/x", headers=own.as_("chef@lille"))

    assert problem(answer) == (502, "/problems/service-failed")


@pytest.mark.parametrize("behaviour", [answer_half, answer_half_chunked])
async def test_an_answer_cut_in_the_middle_never_looks_whole(own: Any, behaviour: Behaviour) -> None:
    async with before(own, behaviour) as (_, client):
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/v1/training/x", headers=own.as_("chef@lille"))


async def test_what_a_service_says_piece_by_piece_arrives_piece_by_piece(own: Any) -> None:
    async with (
        before(own, answer_once_then_wait) as (_, client),
        client.stream("GET", "/v1/training/events", headers=own.as_("chef@lille"), timeout=2) as answer,
    ):
        assert await anext(answer.aiter_bytes()) == b"first"


async def test_a_client_that_leaves_a_stream_ends_the_work_for_it(own: Any) -> None:
    async with before(own, answer_once_then_wait) as (hostile, client):
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/v1/training/x", headers=own.as_("chef@lille"), timeout=0.3)

        await asyncio.wait_for(hostile.left.wait(), 2)
    assert hostile.requests == 1


async def test_a_client_that_leaves_before_the_answer_keeps_its_place_until_the_service_is_done(own: Any) -> None:
    async with before(own, answer_late_then_wait, settings={"in_flight_per_academie": 1}) as (hostile, client):
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/v1/training/x", headers=own.as_("chef@lille"), timeout=0.2)
        meanwhile = await client.get("/v1/training/x", headers=own.as_("chef@lille"))
        await asyncio.wait_for(hostile.left.wait(), 3)
        async with client.stream("GET", "/v1/training/x", headers=own.as_("chef@lille")) as later:
            status = later.status_code

    assert problem(meanwhile) == (503, "/problems/overloaded")
    assert status == 200


async def test_a_client_that_leaves_while_it_sends_ends_the_work_for_it(own: Any) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1000
            await asyncio.sleep(0.01)

    await own.provide()
    await own.route()
    client = await own.start()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await client.post("/v1/training/x", headers=own.as_("chef@lille"), content=endless())

    await asyncio.wait_for(own.service.cancelled.wait(), 2)


async def test_a_client_that_stops_in_the_middle_of_its_body_is_told_so(
    own: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def half() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        await asyncio.sleep(5)

    monkeypatch.setattr(exchange, "STALLED", 0.2)
    await own.provide()
    await own.route()
    client = await own.start()

    answer = await client.post("/v1/training/x", headers=own.as_("chef@lille"), content=half())

    assert problem(answer) == (408, "/problems/upload-stalled")
    assert not any(heard.complete for heard in own.service.heard)


async def test_a_header_that_is_not_ascii_costs_the_header_and_not_the_answer(own: Any) -> None:
    async with before(own, answer_oddly) as (_, client):
        answer = await client.get("/v1/training/x", headers=own.as_("chef@lille"))

    assert (answer.status_code, answer.text) == (200, "ok")
    assert answer.headers["x-fine"] == "yes"
    assert "x-odd" not in answer.headers


async def test_an_unchanged_answer_keeps_its_tag_and_has_no_body(own: Any) -> None:
    async with before(own, answer_unchanged) as (_, client):
        answer = await client.get("/v1/training/x", headers=own.as_("chef@lille") | {"If-None-Match": '"1"'})

    assert (answer.status_code, answer.headers["etag"], answer.content) == (304, '"1"', b"")


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_over_the_bound_of_its_address_is_refused(own: Any, announced: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 10_000

    await own.provide()
    await own.route(largest_body=100_000)
    client = await own.start()

    content = b"x" * 200_000 if announced else pieces()
    answer = await client.post("/v1/training/x", headers=own.as_("chef@lille"), content=content)

    assert problem(answer) == (413, "/problems/body-too-large")
    assert not any(heard.complete for heard in own.service.heard)


async def test_each_address_has_its_own_bound(own: Any) -> None:
    await own.provide()
    await own.route(largest_body=10)
    [route] = own.known_routes()
    own.routes(route, {**route, "prefix": "/v1/training/imports", "largest_body": 1000})
    client = await own.start()

    statuses = [
        (await client.post(path, headers=own.as_("chef@lille"), content=b"x" * 500)).status_code
        for path in ("/v1/training/sessions", "/v1/training/imports", "/v1/training/imports/1", "/v1/training/importsx")
    ]

    assert statuses == [413, 200, 200, 413]
