"""The real gateway on a real port, before a small real service, beside the real local identity provider."""

import asyncio
import hashlib
import json
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn
from msgspec.structs import replace

from common.local import identity_provider as idp
from common.local.accounts import DEMO_ISSUERS, DemoIssuer
from common.signing_keys import create_keys
from gateway.access import Access
from gateway.main import app, server
from gateway.settings import GatewaySettings

Chunks = AsyncIterator[bytes]


class Heard:
    """One request as the service received it."""

    def __init__(self, scope: dict[str, Any]) -> None:
        self.method: str = scope["method"]
        self.target: str = scope["raw_path"].decode()
        self.query: str = scope["query_string"].decode()
        self.pairs = [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]]
        self.headers = dict(self.pairs)
        self.length = 0
        self.sha256 = hashlib.sha256()
        self.complete = False


class Service:
    """An ASGI application that answers what it heard; what it should do otherwise is said in the path."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.slow: asyncio.Queue[Heard] = asyncio.Queue()
        self.cancelled = asyncio.Event()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        heard = Heard(scope)
        self.heard.append(heard)
        if heard.target.endswith("/slow"):
            self.slow.put_nowait(heard)
            await self._until_disconnected(receive)
        await self._read(heard, receive)
        if heard.target.endswith("/large"):
            await self._large(send)
        else:
            await self._answer(heard, send)

    async def _read(self, heard: Heard, receive: Any) -> None:
        while not heard.complete:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.cancelled.set()
                return
            heard.length += len(message["body"])
            heard.sha256.update(message["body"])
            heard.complete = not message["more_body"]

    async def _until_disconnected(self, receive: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.cancelled.set()

    async def _answer(self, heard: Heard, send: Any) -> None:
        said = {"method": heard.method, "target": heard.target, "query": heard.query, "length": heard.length}
        headers = [(b"content-type", b"application/json"), (b"x-first", b"1"), (b"set-cookie", b"a=1; Path=/")]
        headers += [(b"x-second", b"2"), (b"set-cookie", b"b=2; Path=/"), (b"connection", b"x-private")]
        headers += [(b"x-private", b"for the next hop only"), (b"keep-alive", b"timeout=5")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(said).encode()})

    async def _large(self, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(50):
            await send({"type": "http.response.body", "body": bytes([number]) * 1_000_000, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def loopback() -> socket.socket:
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound


def address(bound: socket.socket) -> str:
    return f"http://127.0.0.1:{bound.getsockname()[1]}"


class Running:
    """A server on a free loopback port."""

    def __init__(self, running: uvicorn.Server, bound: socket.socket) -> None:
        bound.listen()  # who connects before the server is up waits
        self._bound = bound
        self._server = running
        self._task = asyncio.create_task(running.serve(sockets=[bound]))

    async def stop(self) -> None:
        self._server.should_exit = True
        await self._task
        self._bound.close()


def plain(application: Any) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(application, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    )


class Bench:
    """The three processes of a test, in one loop."""

    def __init__(self, files: Path, stack: AsyncExitStack) -> None:
        self._files = files
        self._stack = stack
        self.service = Service()
        self.asked: Counter[str] = Counter()
        self.provider: idp.IdentityProvider
        self.url = ""

    async def provide(self, issuers: tuple[DemoIssuer, ...] = DEMO_ISSUERS) -> None:
        self.provider = idp.IdentityProvider(address(bound := loopback()), issuers)
        application = idp.app(self.provider)

        async def counted(scope: Any, receive: Any, send: Any) -> None:
            self.asked[scope["path"]] += 1
            await application(scope, receive, send)

        self._issuing = self._run(plain(counted), bound)

    async def provider_down(self) -> None:
        await self._issuing.stop()

    def _run(self, server: uvicorn.Server, bound: socket.socket) -> Running:
        running = Running(server, bound)
        self._stack.push_async_callback(running.stop)
        return running

    async def route(self, **more: Any) -> None:
        """Lead the paths of training to the small service."""
        self.routes({"service": "training", "url": address(bound := loopback()), **more})
        self._run(plain(self.service), bound)

    def routes(self, *routes: dict[str, Any]) -> None:
        (self._files / "routes.json").write_text(json.dumps({"routes": routes}))

    def known_routes(self) -> list[dict[str, Any]]:
        return list(json.loads((self._files / "routes.json").read_text())["routes"])

    def settings(self, **changed: Any) -> GatewaySettings:
        issuers, keys = self._files / "issuers.toml", self._files / "keys.json"
        if not issuers.exists():
            issuers.write_text(idp.issuers_toml(self.provider.base))
        if not keys.exists():
            create_keys(keys)
        settings = GatewaySettings(
            issuers=issuers, routes=self._files / "routes.json", signing_keys=keys, drain_seconds=2
        )
        return replace(settings, **changed)

    async def start(self, *, access: Access | None = None, **changed: Any) -> httpx.AsyncClient:
        self.url = address(bound := loopback())
        settings = self.settings(**changed)
        self._run(server(app(settings, access=access), settings), bound)
        return await self._stack.enter_async_context(httpx.AsyncClient(base_url=self.url, timeout=20))

    def environment(self) -> dict[str, str]:
        """What the gateway as a process reads."""
        settings = self.settings()
        with loopback() as bound:
            port = bound.getsockname()[1]
        return {
            "BASSIN_ISSUERS": str(settings.issuers),
            "BASSIN_ROUTES": str(settings.routes),
            "BASSIN_SIGNING_KEYS": str(settings.signing_keys),
            "BASSIN_HTTP_PORT": str(port),
        }

    def as_(self, account: str, **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.provider.token(account, **claims)}"}


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Bench]:
    """For a test that decides what runs."""
    async with AsyncExitStack() as stack:
        yield Bench(tmp_path, stack)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Bench, httpx.AsyncClient]]:
    """A gateway of the demo's two académies before one service, for a whole module."""
    async with AsyncExitStack() as stack:
        bench = Bench(tmp_path_factory.mktemp("gateway"), stack)
        await bench.provide()
        await bench.route(largest_body=50_000_000)
        yield bench, await bench.start(rate_per_subject=1e6, burst_per_subject=1e6)


@pytest.fixture
def bench(running: tuple[Bench, httpx.AsyncClient]) -> Bench:
    running[0].service.heard.clear()
    return running[0]


@pytest.fixture
def client(running: tuple[Bench, httpx.AsyncClient]) -> httpx.AsyncClient:
    return running[1]


Raw = Callable[[bytes], Awaitable[bytes]]


@pytest.fixture
def raw(bench: Bench) -> Raw:
    """Send exactly these bytes to the gateway; all it answers until it closes."""

    async def send(request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(bench.url.rsplit(":", 1)[1]))
        writer.write(request)
        try:
            return await asyncio.wait_for(reader.read(), 5)
        finally:
            writer.close()

    return send
