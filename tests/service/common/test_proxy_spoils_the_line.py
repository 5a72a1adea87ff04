"""The means of the fault suite do what they say: a line that seems bad and is not would prove nothing."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.service.common import proxy
from tests.service.common.proxy import Proxy, Way

ASKED = b"x" * 1000


class Caller:
    """Asks an echo."""

    def __init__(
        self, line: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: bytearray
    ) -> None:
        self.line, self.reader, self.writer, self.heard = line, reader, writer, heard

    async def ask(self, asked: bytes = ASKED, *, within: float = 5.0) -> float:
        """Seconds until all of it came back."""
        begun = time.monotonic()
        self.writer.write(asked)
        async with asyncio.timeout(within):
            assert await self.reader.readexactly(len(asked)) == asked
        return time.monotonic() - begun


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    heard = bytearray()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            heard.extend(data)
            writer.write(data)
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with proxy.before(f"echo://@127.0.0.1:{port}") as line, calling(line) as (reader, writer):
            yield Caller(line, reader, writer, heard)


@asynccontextmanager
async def calling(line: Proxy) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(line.url.rpartition(":")[2]))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def test_a_sound_line_carries_every_byte_in_order(caller: Caller) -> None:
    asked = bytes(number % 251 for number in range(1_000_000))

    assert await caller.ask(asked) < 5


async def test_latency_is_paid_once_each_way_and_not_for_each_piece(caller: Caller) -> None:
    caller.line.asking, caller.line.answering = Way(latency=0.1), Way(latency=0.1)

    assert 0.2 <= await caller.ask() < 0.5
    assert 0.2 <= await caller.ask(b"y" * 200_000) < 1.0


async def test_a_rate_holds_for_all_connections_together(caller: Caller) -> None:
    caller.line.asking = Way(rate=100_000)
    async with calling(caller.line) as (reader, writer):
        other = Caller(caller.line, reader, writer, caller.heard)
        begun = time.monotonic()
        await asyncio.gather(caller.ask(b"a" * 30_000), other.ask(b"b" * 30_000))

        assert time.monotonic() - begun >= 0.6


async def test_what_is_lost_comes_later_and_in_order(caller: Caller) -> None:
    caller.line.asking = Way(loss=0.5)
    asked = bytes(number % 251 for number in range(200_000))

    assert await caller.ask(asked, within=30) >= proxy.REPEATED_AFTER


@pytest.mark.parametrize("way", ["asking", "answering"])
async def test_a_black_hole_takes_bytes_one_way_and_delivers_them_when_it_closes(caller: Caller, way: str) -> None:
    getattr(caller.line, way).held = True

    with pytest.raises(TimeoutError):
        await caller.ask(within=0.5)
    assert len(caller.heard) == (0 if way == "asking" else len(ASKED))
    getattr(caller.line, way).held = False
    assert await caller.reader.read(1) == b"x"
    assert len(caller.heard) == len(ASKED)


async def test_after_so_many_bytes_the_connection_is_reset(caller: Caller) -> None:
    caller.line.answering = Way(breaks_after=1500)
    await caller.ask()

    with pytest.raises(ConnectionResetError):
        await caller.ask()
