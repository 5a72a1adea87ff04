"""A frugal HTTP/1.1 client: it shares two cores with what it measures, so it parses no more than it must."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple, cast
from urllib.parse import urlsplit

END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length:"


class Answer(NamedTuple):
    status: int
    body: bytes


class Broken(ConnectionError):
    """The server closed the connection before it had answered."""


class Connection(asyncio.Protocol):
    """One request at a time, over one connection that is kept."""

    def __init__(self) -> None:
        self._received = b""
        self._waiting: asyncio.Future[Answer] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _: Exception | None) -> None:
        self._transport = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(Broken())

    @property
    def usable(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(END_OF_HEAD)
        if found and len(body) >= announced(head) and self._waiting is not None and not self._waiting.done():
            self._received = b""
            self._waiting.set_result(Answer(int(head[9:12]), body))

    async def ask(self, request: bytes) -> Answer:
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Client:
    """As many connections to one address as there are requests under way."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        self._host, self._port = parts.hostname, parts.port
        self._idle: list[Connection] = []

    async def ask(self, request: bytes) -> Answer:
        connection = await self._connection()
        answer = await connection.ask(request)
        self._idle.append(connection)
        return answer

    async def _connection(self) -> Connection:
        while self._idle:
            if (known := self._idle.pop()).usable:
                return known
        loop = asyncio.get_running_loop()
        _, opened = await loop.create_connection(Connection, self._host, self._port)
        return opened

    def close(self) -> None:
        for connection in self._idle:
            connection.close()
        self._idle.clear()


def announced(head: bytes) -> int:
    """The length of the body; every answer that is measured announces one."""
    lower = head.lower()
    at = lower.find(LENGTH)
    return int(lower[at + len(LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0


def request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    said = {"Host": "127.0.0.1", **headers}
    if body:
        said |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body
