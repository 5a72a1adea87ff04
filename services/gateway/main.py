"""The gateway as a process: its own pages and health in front, everything under /v1 handed on."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import uvicorn
import uvloop
from litestar import Litestar, Response, asgi, get
from litestar.handlers import ASGIRouteHandler, HTTPRouteHandler
from litestar.types import Receive, Scope, Send

from common import logs
from common.health import PUBLIC
from common.internal_tokens import InternalTokens
from common.settings import read
from common.signing_keys import SigningKeys
from common.web import Description, http_app
from gateway import openapi
from gateway.access import Access
from gateway.limits import Buckets, Limits
from gateway.routes import Gateway
from gateway.settings import GatewaySettings, IssuersFile, RoutesFile, read_file

DESCRIPTION = Description(
    title="Bassin",
    text="Coordination entre les services, les établissements et les académies d’une région académique.",
)


def app(settings: GatewaySettings, *, access: Access | None = None) -> Litestar:
    """The application; `access` is given where time is injected."""
    keys = SigningKeys(settings.signing_keys)
    gateway = Gateway(
        read_file(settings.routes, RoutesFile).routes,
        access=access or Access(read_file(settings.issuers, IssuersFile).issuers),
        tokens=InternalTokens(signing=keys.current),
        limits=Limits(
            Buckets(settings.rate_per_subject, settings.burst_per_subject),
            Buckets(settings.rate_per_academie, settings.burst_per_academie),
            settings.in_flight_per_academie,
        ),
    )

    @asynccontextmanager
    async def connections(_: Litestar) -> AsyncIterator[None]:
        yield
        await gateway.close()

    return http_app(
        settings.service,
        [mount(gateway, "/v1", *gateway.public_paths), published_keys(keys), *openapi.pages()],
        description=DESCRIPTION,
        lifespan=[connections],
        pages=[openapi.Page(), openapi.Joined()],
        problems=openapi.refusals(),
    )


def mount(gateway: Gateway, *paths: str) -> ASGIRouteHandler:
    @asgi(list(paths), is_mount=True, copy_scope=False)
    async def forward(scope: Scope, receive: Receive, send: Send) -> None:
        await gateway(scope, receive, send)

    return forward


def published_keys(keys: SigningKeys) -> HTTPRouteHandler:
    """Only services need it; it holds public keys, so it is no secret."""

    @get("/internal/jwks", include_in_schema=False, opt=PUBLIC, sync_to_thread=False)
    def jwks() -> Response[bytes]:
        return Response(keys.published(), media_type="application/jwk-set+json")

    return jwks


async def serve(environ: Mapping[str, str] = os.environ) -> None:
    """Run until SIGTERM, then let what is under way end."""
    settings = read(GatewaySettings, environ)
    logs.configure(settings.service, level=settings.log_level)
    await server(app(settings), settings).serve()


def server(application: Litestar, settings: GatewaySettings) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            application,
            host=settings.http_host,
            port=settings.http_port,
            http="httptools",
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=int(settings.drain_seconds),
        )
    )


def main() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())


if __name__ == "__main__":
    main()
