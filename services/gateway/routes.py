"""Who answers what: the way of one request from an agent's token to the service that owns the path."""

from collections.abc import Iterable
from typing import Any, cast
from urllib.parse import unquote

from litestar.enums import ScopeType
from litestar.exceptions import MethodNotAllowedException
from litestar.types import HTTPScope, Receive, Scope, Send

from common.internal_tokens import InternalTokens, bearer
from common.protocol import BadRequest, UnknownRoute
from gateway.access import Access
from gateway.forward import Forwarder, Upstream
from gateway.limits import Limits
from gateway.settings import Route

READING = ("GET", "HEAD")


class RouteTable:
    """The longest prefix made of whole segments wins."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = sorted(((route.path, route) for route in routes), key=lambda entry: -len(entry[0]))

    def find(self, path: str) -> Route:
        for prefix, route in self._routes:
            if path.startswith(prefix) and path[len(prefix) :][:1] in ("", "/"):
                return route
        raise UnknownRoute("Aucun service ne répond à cette adresse.")


class Gateway:
    """The mounted ASGI application."""

    def __init__(self, routes: Iterable[Route], *, access: Access, tokens: InternalTokens, limits: Limits) -> None:
        listed = tuple(routes)
        self._table = RouteTable(listed)
        self._access = access
        self._tokens = tokens
        self._limits = limits
        self._forwarders = {route: Forwarder(_upstream(route)) for route in listed}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            raise UnknownRoute("Seul HTTP est servi ici.")
        scope["path"] = unquote(path := scope["raw_path"].decode("latin-1"))  # a mount sees it shortened
        route = self._table.find(path)
        cast("dict[str, Any]", scope)["bassin.route"] = route.path
        if route.public:
            await self._show(route, scope, receive, send)
            return
        agent = scope["user"] = await self._access.agent(bearer(_authorization(scope)))
        with self._limits.place(agent):
            token = self._tokens.sign(agent, route.service)
            await self._forwarders[route].forward(scope, receive, send, token=token)

    async def _show(self, route: Route, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """A page that anybody may read: in nobody's name, and nothing but read."""
        if scope["method"] not in READING:
            raise MethodNotAllowedException(headers={"allow": ", ".join(READING)})
        with self._limits.public_place():
            await self._forwarders[route].forward(scope, receive, send, token=None)

    @property
    def public_paths(self) -> list[str]:
        """Where it is mounted besides /v1."""
        return sorted(route.path for route in self._forwarders if route.public)

    async def close(self) -> None:
        for forwarder in self._forwarders.values():
            await forwarder.close()


def _authorization(scope: HTTPScope) -> str | None:
    given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
    if len(given) > 1:
        raise BadRequest("La demande porte plusieurs en-têtes Authorization.")
    return given[0] if given else None


def _upstream(route: Route) -> Upstream:
    return Upstream(url=route.url.rstrip("/"), largest_body=route.largest_body, read_seconds=route.read_seconds)
