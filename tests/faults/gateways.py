"""Further gateways with settings of their own, and what stands before replicas: a balancer of connections."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from urllib.parse import urlsplit

from tests.faults.stage import Stage

from common.local.places import STATE
from common.local.platform import DRAIN_SECONDS
from common.local.provision import routes_toml


async def start_gateway(
    stage: Stage,
    who: str,
    services: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    *,
    main: str = "gateway.main:main",
) -> None:
    """`who` is `gateway` or `gateway#2`; it finds the services at these addresses, or where they are."""
    routes = STATE / f"routes-{who}.toml"
    routes.write_text(routes_toml(services or {name: stage.url(name) for name in stage.urls}))
    settings = {
        "BASSIN_SIGNING_KEYS": str(STATE / "signing-keys.json"),
        "BASSIN_ISSUERS": str(STATE / "issuers.toml"),
        "BASSIN_ROUTES": str(routes),
        "BASSIN_HTTP_PORT": str(stage.port(who)),
        "BASSIN_DRAIN_SECONDS": DRAIN_SECONDS,
        **(environment or {}),
    }
    start = stage.platform.forked.start
    log = stage.layout.log(who)
    await asyncio.to_thread(lambda: start(who, main, log=log, environment=settings))
    await asyncio.to_thread(stage.platform.forked.wait_ready, who, f"{stage.url(who)}/readyz")


class Balancer:
    """Hands each connection to the next replica that takes it, as what stands before replicas does."""

    def __init__(self, replicas: Sequence[str]) -> None:
        self._replicas = [(str(urlsplit(url).hostname), int(urlsplit(url).port or 0)) for url in replicas]
        self._turns = count()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        turn = next(self._turns)
        for place in range(len(self._replicas)):
            host, port = self._replicas[(turn + place) % len(self._replicas)]
            try:
                answers, server = await asyncio.open_connection(host, port)
            except OSError:
                continue
            await asyncio.gather(_pass(reader, server), _pass(answers, writer))
            return
        writer.transport.abort()


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(16384):
            target.write(data)
            await target.drain()
    except ConnectionError:
        return
    finally:
        target.close()


@asynccontextmanager
async def balanced(*replicas: str) -> AsyncIterator[Balancer]:
    balancer = Balancer(replicas)
    server = await asyncio.start_server(balancer.serve, "127.0.0.1", 0)
    balancer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield balancer
    finally:
        server.close()


def second(who: str) -> str:
    return f"{who}#2"
