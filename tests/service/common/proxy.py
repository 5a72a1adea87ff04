"""A TCP proxy before PostgreSQL or Kafka: counts round trips, and makes the line as bad as a test says."""

import asyncio
import math
import random
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct

PIECE = 16384  # bytes
UNDERWAY = 16  # pieces read and not yet handed on, a direction of a connection
REPEATED_AFTER = 0.2  # seconds after which TCP sends again what got lost, at first; then twice as long


class Way(Struct):
    """One direction of the line, shared by its connections; may be changed while they are open."""

    latency: float = 0.0  # seconds
    rate: float = math.inf  # bytes a second
    loss: float = 0.0  # share of pieces that arrive only when TCP repeats them
    held: bool = False  # black hole: taken from the sender, delivered when it is false again
    half_open: bool = False  # its end does not arrive
    breaks_after: float = math.inf  # bytes, after which the connection is reset
    free_at: float = 0.0  # until then the line carries earlier pieces

    def due(self, size: int, now: float, chance: random.Random) -> float:
        """When a piece that is sent now arrives."""
        self.free_at = max(self.free_at, now) + size / self.rate
        waited, again = 0.0, REPEATED_AFTER
        while chance.random() < self.loss:
            waited, again = waited + again, again * 2
        return self.free_at + self.latency + waited


class Proxy:
    def __init__(self, seed: int = 0) -> None:
        self.url = ""
        self.round_trips = 0  # times the server answered something that was asked
        self.refusing = False
        self.asking, self.answering = Way(), Way()
        self._chance = random.Random(seed)
        self._asked = False
        self._lines: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Every connection ends, and none is made until `mend`."""
        self.refusing = True
        for line in self._lines:
            line.transport.abort()

    def mend(self) -> None:
        self.refusing = False
        self.asking, self.answering = Way(), Way()

    async def serve(self, host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        try:
            answers, server = await asyncio.open_connection(host, port)
        except OSError:
            writer.transport.abort()
            return
        self._lines |= {writer, server}
        await asyncio.gather(self._pass(reader, server, asking=True), self._pass(answers, writer, asking=False))
        self._lines -= {writer, server}

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, asking: bool) -> None:
        underway: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(UNDERWAY)
        arriving = asyncio.create_task(self._arrive(underway, target, asking=asking))
        try:
            while data := await source.read(PIECE):
                self.round_trips += self._asked and not asking
                self._asked = asking
                way = self.asking if asking else self.answering
                due = way.due(len(data), asyncio.get_running_loop().time(), self._chance)
                await underway.put((due, data))
            await underway.put((0.0, b""))
            await arriving
        except ConnectionError:
            return
        finally:
            arriving.cancel()
            target.close()

    async def _arrive(
        self, underway: "asyncio.Queue[tuple[float, bytes]]", target: asyncio.StreamWriter, *, asking: bool
    ) -> None:
        """In order: what was lost holds back what came after it."""
        carried = 0
        while True:
            due, data = await underway.get()
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            while (way := self.asking if asking else self.answering).held or (way.half_open and not data):  # noqa: ASYNC110 - both ways are plain values
                await asyncio.sleep(0.02)
            carried += len(data)
            if carried > way.breaks_after:
                _reset(target)
                return
            if not data:
                return
            target.write(data)
            await target.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """The peer reads an error, not an end."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def before(url: str, *, port: int = 0, seed: int = 0) -> AsyncIterator[Proxy]:
    """`proxy.url` leads where `url` leads; a broker must be told its `port` beforehand, for it names it to clients."""
    proxy, parts = Proxy(seed), urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    host, real = parts.hostname, parts.port
    server = await asyncio.start_server(lambda r, w: proxy.serve(host, real, r, w), "127.0.0.1", port)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    proxy.url = urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@{address}"))
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
