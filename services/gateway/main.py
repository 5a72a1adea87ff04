"""The gateway as a process: its own pages and health in front, everything under /v1 handed on."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import FrameType

import uvicorn
import uvloop
from litestar import Litestar, Response, asgi, get
from litestar.handlers import ASGIRouteHandler, HTTPRouteHandler
from litestar.types import Receive, Scope, Send

from common import logs, metrics
from common.health import PUBLIC
from common.internal_tokens import InternalTokens
from common.settings import SettingsError, read
from common.signing_keys import SigningKeys
from common.web import Description, http_app
from gateway import certificates, openapi
from gateway.access import Access
from gateway.limits import Buckets, Limits
from gateway.routes import Gateway
from gateway.settings import GatewaySettings

DESCRIPTION = Description(
    title="Bassin",
    text="Coordination entre les services, les établissements et les académies d’une région académique.",
)
FORWARDED = "/v1"
ENVIRONMENT = 3  # exit status: this environment will not do (bassin config check gateway)


def app(settings: GatewaySettings, *, access: Access | None = None) -> Litestar:
    """The application; `access` is given where time is injected."""
    issuers, routes, keys = settings.read_files()
    tokens = InternalTokens(signing=keys.current)
    gateway = Gateway(routes, access=access or Access(issuers), tokens=tokens, limits=limits(settings))
    tell_of_keys(settings.service, keys)
    urls = [settings.public_url, *(issuer.url for issuer in issuers)]
    forwarded = (FORWARDED, *gateway.public_paths)

    @asynccontextmanager
    async def connections(_: Litestar) -> AsyncIterator[None]:
        async with certificates.watched(settings.service, urls):
            yield
        await gateway.close()

    return http_app(
        settings.service,
        [mount(gateway, *forwarded), published_keys(keys), *openapi.pages()],
        description=DESCRIPTION,
        lifespan=[connections],
        pages=[openapi.Page(), openapi.Joined()],
        problems=openapi.refusals(),
        elsewhere=forwarded,
    )


def tell_of_keys(service: str, keys: SigningKeys) -> None:
    metrics.expose(service, database=False)
    metrics.signing_keys_rotated.labels(service).set_function(keys.rotated_at)


def limits(settings: GatewaySettings) -> Limits:
    return Limits(
        Buckets(settings.rate_per_subject, settings.burst_per_subject),
        Buckets(settings.rate_per_academie, settings.burst_per_academie),
        settings.in_flight_per_academie,
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
    front = server(app(settings), settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _ended)
    await front.serve()


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
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve())
    except SettingsError as wrong:
        print(wrong, file=sys.stderr)
        sys.exit(ENVIRONMENT)


def _ended(number: int, frame: FrameType | None) -> None:
    """uvicorn raises the signal once more after its graceful end; that end is not a failure."""


if __name__ == "__main__":
    main()
