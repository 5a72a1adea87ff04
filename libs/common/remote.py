"""What a command asks of the gateway in somebody's name; what goes wrong is one line with its remedy."""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, BinaryIO, ClassVar
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Struct

from common.local.trouble import Trouble

PATIENCE = 30.0  # seconds a gateway that restarts is waited for while we only look
PIECE = 1 << 16
LATER = (429, 502, 503, 504)  # said again a moment later it may succeed


class Problem(Struct, frozen=True):
    """What we read of an RFC 9457 document."""

    type: str = ""
    title: str = ""
    detail: str = ""


class Refused(Trouble):
    """The gateway or the service said no."""

    exit_code: ClassVar[int] = 1

    def __init__(self, status: int, problem: Problem) -> None:
        self.status, self.code = status, problem.type.rpartition("/")[2]
        said = problem.detail or problem.title or "no reason was given"
        super().__init__(f"refused ({status} {self.code}): {said}{remedy(status)}")


class Remote:
    """A gateway, and whose requests these are; `token` is asked again when the one in use has expired."""

    def __init__(self, url: str, token: Callable[[], str]) -> None:
        self._url = urlsplit(url)
        self._ask, self._token = token, token()

    def get(self, path: str, **query: str) -> Any:
        """Patient: a look at what happens survives a restart of what it looks at."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with self._answer("GET", f"{path}?{urlencode(query)}") as answer:
                    return msgspec.json.decode(answer.read())
            except (Unreachable, Refused) as trouble:
                lasting = isinstance(trouble, Refused) and trouble.status not in LATER
                if lasting or time.monotonic() > deadline:
                    raise
            time.sleep(1)

    def save(self, path: str, file: BinaryIO) -> None:
        with self._answer("GET", path) as answer:
            while piece := answer.read(PIECE):
                file.write(piece)

    def post(self, path: str, body: Iterable[bytes] = (), **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        once = {"Idempotency-Key": str(uuid.uuid4()), **named}
        with self._answer("POST", path, body=body, headers=once) as answer:
            return msgspec.json.decode(answer.read())

    @contextmanager
    def _answer(
        self, method: str, path: str, *, body: Iterable[bytes] = (), headers: Mapping[str, str] | None = None
    ) -> Iterator[HTTPResponse]:
        kind = HTTPSConnection if self._url.scheme == "https" else HTTPConnection
        connection = kind(self._url.netloc, timeout=PATIENCE)
        try:
            answer = self._asked(connection, method, path, (body, headers or {}))
            if answer.status == 401 and method == "GET" and (token := self._ask()) != self._token:
                self._token = token
                connection.close()
                answer = self._asked(connection, method, path, (body, headers or {}))
            if not 200 <= answer.status < 300:
                raise Refused(answer.status, problem(answer.read()))
            yield answer
        except (OSError, HTTPException, msgspec.DecodeError) as down:
            raise Unreachable(f"no answer from {self._url.geturl()} ({said(down)}): is this the gateway?") from down
        finally:
            connection.close()

    def _asked(
        self, connection: HTTPConnection, method: str, path: str, sent: tuple[Iterable[bytes], Mapping[str, str]]
    ) -> HTTPResponse:
        body, headers = sent
        given = {"Authorization": f"Bearer {self._token}", **headers}
        try:
            if method == "GET":
                connection.request(method, self._url.path + path, headers=given)
            else:
                given["Transfer-Encoding"] = "chunked"
                connection.request(method, self._url.path + path, iter(body), given, encode_chunked=True)
        except (BrokenPipeError, ConnectionResetError):
            pass  # a body that is refused before its end: the refusal is there to be read
        return connection.getresponse()


class Unreachable(Trouble):
    """Nobody who speaks HTTP answers there."""


def problem(body: bytes) -> Problem:
    try:
        return msgspec.json.decode(body, type=Problem)
    except msgspec.MsgspecError:
        return Problem(title="the answer is no problem document")


def remedy(status: int) -> str:
    return {
        401: " Get a new token: bassin token ACCOUNT in a demo, else --token-file FILE or BASSIN_TOKEN.",
        403: " Ask with an account whose mandate is administrateur du territoire.",
        413: " Send only the académies you need.",
    }.get(status, " Run this again in a minute." if status in LATER else "")


def said(error: Exception) -> str:
    return str(error) or type(error).__name__
