"""The outermost layer of every service: trace, access line, metrics and safe headers, even where no route matched."""

import asyncio
from time import perf_counter

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram

from common import metrics, trace
from common.problem import DISCONNECTED

log = structlog.get_logger()
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
QUIET = frozenset({"/livez", "/readyz", "/metrics"})  # asked every few seconds: their lines are at level debug
NOSNIFF = (b"x-content-type-options", b"nosniff")
NO_STORE = (b"cache-control", b"no-store")  # unless the handler says better: answers hold personal data


class Observed:
    """Around a whole Litestar application. A mounted ASGI handler names its route by `scope["bassin.route"]`."""

    def __init__(self, service: str, app: ASGIApp) -> None:
        self._service = service
        self._app = app
        self._in_progress = metrics.http_in_progress.labels(service)
        self._series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        with trace.continued(traceparent_of(scope), kind="server") as here, self._in_progress.track_inprogress():
            started = perf_counter()
            watched = Watched(send)
            try:
                await self._app(scope, receive, watched)
            except asyncio.CancelledError:
                watched.status = DISCONNECTED
                raise
            finally:
                method, route = named(scope)
                here.name = f"{method} {route}"
                here.attributes = {"http.route": route, "http.response.status_code": watched.status}
                self._record((method, route, watched.status), perf_counter() - started, scope)

    def _record(self, key: tuple[str, str, int], seconds: float, scope: Scope) -> None:
        series = self._series.get(key)
        if series is None:
            method, template, code = key
            series = self._series[key] = (
                metrics.http_requests.labels(self._service, method, template, str(code)),
                metrics.http_duration.labels(self._service, method, template),
            )
        series[0].inc()
        series[1].observe(seconds)
        say = log.debug if key[1] in QUIET else log.info
        academie = getattr(scope.get("user"), "academie", None)
        say("request", method=key[0], route=key[1], status=key[2], seconds=round(seconds, 6), academie=academie)


class Watched:
    """`send`, remembering the status: 500 until one was sent."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 500

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = secured(message["headers"])
        await self._send(message)


def named(scope: Scope) -> tuple[str, str]:
    """Method and route template: both bounded, whatever is asked."""
    method, route = str(scope.get("method")), scope.get("bassin.route") or scope.get("path_template") or "unmatched"
    return method if method in METHODS else "other", str(route)


def secured(headers: object) -> list[tuple[bytes, bytes]]:
    given = list(headers) if isinstance(headers, (list, tuple)) else []
    more = [NOSNIFF] if any(name.lower() == b"cache-control" for name, _ in given) else [NOSNIFF, NO_STORE]
    return [*given, *more]


def traceparent_of(scope: Scope) -> str | None:
    found = [value for name, value in scope["headers"] if name == b"traceparent"]
    return found[0].decode("latin-1") if len(found) == 1 else None
