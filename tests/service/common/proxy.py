"""A TCP proxy in front of PostgreSQL: counts round trips on the wire, and cuts the line when a test says so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit


class Proxy:
    def __init__(self) -> None:
        self.url = ""
        self.round_trips = 0  # times the server answered something that was asked
        self.refusing = False
        self._asked = False
        self._lines: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Every connection ends, and none is made until `mend`."""
        self.refusing = True
        for line in self._lines:
            line.transport.abort()

    def mend(self) -> None:
        self.refusing = False

    async def serve(self, host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        answers, server = await asyncio.open_connection(host, port)
        self._lines |= {writer, server}
        await asyncio.gather(self._pass(reader, server, asking=True), self._pass(answers, writer, asking=False))
        self._lines -= {writer, server}

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, asking: bool) -> None:
        try:
            while data := await source.read(65536):
                self.round_trips += self._asked and not asking
                self._asked = asking
                target.write(data)
                await target.drain()
        except ConnectionError:
            return
        finally:
            target.close()


@asynccontextmanager
async def before(url: str) -> AsyncIterator[Proxy]:
    """`proxy.url` leads where `url` leads."""
    proxy, parts = Proxy(), urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    host, port = parts.hostname, parts.port
    server = await asyncio.start_server(lambda r, w: proxy.serve(host, port, r, w), "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    proxy.url = urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@{address}"))
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
