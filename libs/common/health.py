"""What Kubernetes asks: alive (restart me if not), ready (send me requests if so), and what Prometheus reads."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from common import metrics

Check = Callable[[], Awaitable[str | None]]  # None, or in a few words what is wrong
PATIENCE = 2.0  # seconds a check may take
PUBLIC = {"public": True}  # asked by machines of the platform, without a token
log = structlog.get_logger()


class Readiness(Struct, frozen=True):
    status: str  # ready, degraded (serves, but something is missing) or unready
    checks: Mapping[str, str]


def health_routes(essential: Mapping[str, Check], helpful: Mapping[str, Check]) -> list[HTTPRouteHandler]:
    """`essential`: without it no request can be answered (database). `helpful`: without it requests succeed (Kafka)."""

    @get("/livez", include_in_schema=False, opt=PUBLIC, sync_to_thread=False)
    def livez() -> str:
        return "ok"

    @get("/readyz", include_in_schema=False, opt=PUBLIC)
    async def readyz() -> Response[Readiness]:
        readiness = await examined(essential, helpful)
        return Response(readiness, status_code=503 if readiness.status == "unready" else 200)

    @get("/metrics", include_in_schema=False, opt=PUBLIC, sync_to_thread=False, media_type=metrics.CONTENT_TYPE)
    def exposition() -> bytes:
        return metrics.exposition()

    return [livez, readyz, exposition]


async def examined(essential: Mapping[str, Check], helpful: Mapping[str, Check]) -> Readiness:
    checks = {**essential, **helpful}
    said = dict(zip(checks, await asyncio.gather(*map(_said, checks.values())), strict=True))
    missing = "unready" if any(said[name] for name in essential) else "degraded"
    status = missing if any(said.values()) else "ready"
    return Readiness(status, {name: wrong or "ok" for name, wrong in said.items()})


async def _said(check: Check) -> str | None:
    """A check that fails in any way is a check that says no; the reason stays in the log."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await check()
    except Exception as error:  # noqa: BLE001  whatever a check raises, the probe must be answered
        log.warning("check_failed", error=error)
        return type(error).__name__
