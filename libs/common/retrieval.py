"""What HTTP promises of every address: HEAD hears what GET hears, OPTIONS hears all methods, a known version is 304."""

from collections.abc import Sequence, Set

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.routes import HTTPRoute
from litestar.types import HTTPScope, Message, Receive, Scope, Send

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
ABOUT_THE_BODY = (b"content-length", b"content-type", b"content-disposition")
Headers = list[tuple[bytes, bytes]]


class Retrieval:
    """Around a Litestar application; what lies under `elsewhere` is handed on as it is asked."""

    def __init__(self, app: Litestar, *, elsewhere: Sequence[str] = ()) -> None:
        self._app = app.asgi_handler
        self._elsewhere = tuple(f"{path}/" for path in elsewhere)
        # Litestar's own answer to OPTIONS names only the first handler of an address.
        self._allowed = {
            str(route.path_format): allowed(route.methods) for route in app.routes if isinstance(route, HTTPRoute)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] not in SAFE or self._beside(scope["path"]):
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await self._app(scope, receive, Options(scope, send, self._allowed))
        else:
            reply = Reply(scope, send)
            scope["method"] = "GET"
            await self._app(scope, receive, reply)

    def _beside(self, path: str) -> bool:
        return f"{path}/".startswith(self._elsewhere)


def allowed(methods: Set[str]) -> str:
    """As Allow says it; who may GET may HEAD."""
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


class Options:
    """`send`, saying every method of the address."""

    def __init__(self, scope: HTTPScope, send: Send, methods: dict[str, str]) -> None:
        self._scope = scope
        self._send = send
        self._methods = methods

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 204:
            others = [(name, value) for name, value in message["headers"] if name.lower() != b"allow"]
            methods = self._methods[str(self._scope.get("path_template"))]
            message["headers"] = [*others, (b"allow", methods.encode())]
        await self._send(message)


class Reply:
    """`send`, of which a HEAD hears no body, and neither does who has this very version."""

    def __init__(self, scope: HTTPScope, send: Send) -> None:
        self._scope = scope
        self._method = scope["method"]
        self._known = tags(scope["headers"], b"if-none-match")
        self._send = send
        self._without_body = self._method == "HEAD"

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._scope["method"] = self._method  # the server counts the bytes of the method that was asked
            if message["status"] == 200 and self._is_known(headers := list(message["headers"])):
                self._without_body = True
                message["status"] = 304
                message["headers"] = [pair for pair in headers if pair[0].lower() not in ABOUT_THE_BODY]
        elif message["type"] == "http.response.body" and self._without_body:
            message["body"] = b""
        await self._send(message)

    def _is_known(self, headers: Headers) -> bool:
        present = tags(headers, b"etag")
        return bool(present) and (b"*" in self._known or present[0] in self._known)


def tags(headers: object, wanted: bytes) -> list[bytes]:
    """The tags of a header, to be compared as If-None-Match compares them: weak or not is the same."""
    pairs = headers if isinstance(headers, (list, tuple)) else []
    values = [value for name, value in pairs if name.lower() == wanted]
    return [tag.strip().removeprefix(b"W/") for value in values for tag in value.split(b",")]
