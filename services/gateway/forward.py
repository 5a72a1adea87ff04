"""The one file that knows pyreqwest: bytes pass both ways as they come, nothing is kept and nothing is sent twice."""

import asyncio
import logging
import time
from collections.abc import Iterable
from datetime import timedelta
from email.utils import parsedate_to_datetime

import structlog
from litestar.types import HTTPScope, Receive, Send
from msgspec import Struct
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import RequestError, RequestTimeoutError
from pyreqwest.http import Url
from pyreqwest.request import StreamRequest
from pyreqwest.response import Response

from common import trace
from common.refusal import Refusal, Unavailable
from gateway.exchange import WHOLE, ClientGone, Departure, Upload

# What a client may say to a service. Everything else stays here: hop-by-hop headers, and any header that claims an
# identity, an académie or an origin, whatever its name.
PASSED = frozenset(
    b"accept accept-charset accept-encoding accept-language cache-control content-disposition content-encoding "
    b"content-language content-type idempotency-key if-match if-modified-since if-none-match if-range "
    b"if-unmodified-since last-event-id prefer range tracestate user-agent".split()
)
# Hop-by-hop headers, and those that the gateway writes itself.
NOT_RETURNED = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding "
    b"upgrade date server x-content-type-options".split()
)
WITHOUT_BODY = frozenset((204, 304))
UNAUTHENTICATED = 401
LARGEST = 1 << 62  # stands for a length that is not announced
IDLE = timedelta(seconds=4)  # under the 5 s after which uvicorn closes: a POST must not meet a closing connection

log = structlog.get_logger()
REFUSED = logging.getLogger("bassin.unavailable.token")  # each request says so: one line a minute will do


class ServiceFailed(Refusal):
    code = "service-failed"
    title = "Réponse du service interrompue"
    status = 502
    explanation = (
        "Le service a reçu la demande mais sa réponse n’est pas arrivée : elle a pu être exécutée. Une demande qui "
        "porte une clé Idempotency-Key peut être renvoyée telle quelle, elle ne sera exécutée qu’une fois."
    )


class ServiceSlow(Refusal):
    code = "service-slow"
    title = "Le service tarde à répondre"
    status = 504
    explanation = ServiceFailed.explanation


class GatewayNotRecognised(Unavailable):
    code = "gateway-not-recognised"
    title = "Le service ne reconnaît pas la passerelle"
    explanation = (
        "Le jeton présenté est valable, mais le service refuse celui par lequel la passerelle s’en porte garante : "
        "leurs horloges ou leurs clés ne s’accordent pas. Rien n’a été enregistré. Se connecter à nouveau n’y change "
        "rien ; la même demande peut être renvoyée après le délai indiqué."
    )


class MalformedPath(Refusal):
    code = "malformed-path"
    title = "Adresse mal formée"
    status = 400
    explanation = "L’adresse contient des caractères non codés, ou des segments « . » ou « .. »."


class Upstream(Struct, frozen=True, kw_only=True):
    """A service, and how long and how much it may be sent."""

    url: str  # http://host:port
    largest_body: int = 1024 * 1024
    read_seconds: float = 30.0
    connect_seconds: float = 2.0


class Forwarder:
    """The connections to one service."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._client = _client(upstream)

    async def close(self) -> None:
        await self._client.close()

    async def forward(self, scope: HTTPScope, receive: Receive, send: Send, *, token: str | None) -> None:
        """Ask the service in the agent's name, or in nobody's, and relay its answer; Refusal when there is none."""
        upload = Upload(scope, receive, self._upstream.largest_body)
        request = await self._request(scope, upload, token)
        departure = Departure(receive, upload)
        relay = Relay(scope, send)
        try:
            async with request as response:
                if token is not None and response.status == UNAUTHENTICATED:
                    raise self._not_recognised(response)
                # Not sooner: pyreqwest lets a request that is cancelled before its answer run on, unseen and uncounted.
                departure.interrupt()
                await relay.answer(response)
        except ClientGone:
            return
        except asyncio.CancelledError:
            if not departure.happened:
                raise
        except RequestError as error:
            relay.refuse(error)
        finally:
            departure.forget()

    def _not_recognised(self, response: Response) -> GatewayNotRecognised:
        """Whom we vouch for was not believed: our trouble and not the agent's, who must not be sent to log in again."""
        ahead = _ahead(response.get_header("date") or "")
        where = {"upstream": self._upstream.url, "service_ahead_seconds": ahead}
        REFUSED.error("token_refused_by_service", extra=where)
        return GatewayNotRecognised("Le service refuse l’identité que la passerelle lui présente.", retry_after=5)

    async def _request(self, scope: HTTPScope, upload: Upload, token: str | None) -> StreamRequest:
        builder = self._client.request(scope["method"], self._url(scope)).headers(_passed(scope, token))
        if upload.length is not None:
            builder = builder.header("content-length", str(upload.length))
        if upload.expected:
            whole = upload.fits
            builder = builder.body_bytes(await upload.whole()) if whole else builder.body_stream(upload.pieces())
        return builder.streamed_read_buffer_limit(0).build_streamed()  # else 64 KiB of an answer would be awaited

    def _url(self, scope: HTTPScope) -> Url:
        """The address as it was written: what a parser would mend is refused, so that nobody reads it otherwise."""
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        url = Url(f"{self._upstream.url}{path}?{query}" if query else f"{self._upstream.url}{path}")
        if url.path != path or "\\" in query:
            raise MalformedPath("L’adresse ne peut pas être transmise telle qu’elle est écrite.")
        return url


class Relay:
    """The service's answer on its way to the client."""

    def __init__(self, scope: HTTPScope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._started = False

    async def answer(self, response: Response) -> None:
        reader = response.body_reader
        if int(response.get_header("content-length") or LARGEST) <= WHOLE:
            whole = bytes(await reader.bytes())  # before anything is said: a service that dies now is still a 502
            await self._start(response)
            await self._body(whole, more=False)
            return
        await self._start(response)
        while (piece := await reader.read_chunk()) is not None:
            await self._body(bytes(piece), more=True)
        await self._body(b"", more=False)

    async def _start(self, response: Response) -> None:
        headers = _returned(response)
        self._started = True
        await self._send({"type": "http.response.start", "status": response.status, "headers": headers})

    async def _body(self, piece: bytes, *, more: bool) -> None:
        await self._send({"type": "http.response.body", "body": piece, "more_body": more})

    def refuse(self, error: RequestError) -> None:
        """Say what is known: never connected, sent and unanswered, or cut in the middle of the answer."""
        causes = [cause["message"] for cause in error.details["causes"] or ()]
        log.warning("service_did_not_answer", path=self._scope["path"], error=type(error).__name__, causes=causes)
        if self._started:
            return  # the server in front sees an unfinished answer and cuts the client's connection
        if "client error (Connect)" in causes:
            raise Unavailable("Le service ne peut pas être joint.", retry_after=2) from error
        if isinstance(error, RequestTimeoutError):
            raise ServiceSlow("Le service n’a pas répondu à temps.") from error
        raise ServiceFailed("Le service n’a pas répondu jusqu’au bout.") from error


def _ahead(date: str) -> float | None:
    """Seconds by which a service's clock is ahead of ours, to the second in which it answered."""
    try:
        return round(parsedate_to_datetime(date).timestamp() - time.time())
    except ValueError:
        return None


def _client(upstream: Upstream) -> Client:
    """A client that adds nothing, follows nothing and decodes nothing."""
    plain = ClientBuilder().http1_only().no_proxy().follow_redirects(False).referer(False).default_cookie_store(False)
    raw = plain.gzip(False).brotli(False).zstd(False).deflate(False).user_agent("bassin-gateway")
    timed = raw.connect_timeout(timedelta(seconds=upstream.connect_seconds)).pool_idle_timeout(IDLE)
    return timed.read_timeout(timedelta(seconds=upstream.read_seconds)).build()


def _passed(scope: HTTPScope, token: str | None) -> list[tuple[str, str]]:
    named = _listed(value.decode("latin-1") for name, value in scope["headers"] if name == b"connection")
    passed = PASSED - named if named else PASSED
    return [
        *([] if token is None else [("authorization", f"Bearer {token}")]),
        ("traceparent", trace.traceparent()),
        *((name.decode(), value.decode("utf-8", "replace")) for name, value in scope["headers"] if name in passed),
    ]


def _returned(response: Response) -> list[tuple[bytes, bytes]]:
    """What the client hears, in the service's order."""
    kept_back = NOT_RETURNED | _listed(response.get_header_all("connection"))
    if response.status in WITHOUT_BODY:
        kept_back |= {b"content-length"}
    headers = ((name.encode(), value.encode()) for name, value in _readable(response))
    return [(name, value) for name, value in headers if name not in kept_back]


def _readable(response: Response) -> list[tuple[str, str]]:
    """A header that is not ASCII is nothing HTTP defines; it is left out and the answer goes on."""
    try:
        return list(response.headers.items())
    except ValueError:
        log.warning("header_not_ascii")
        return [pair for name in dict.fromkeys(response.headers.keys()) for pair in _values(response, name)]


def _values(response: Response, name: str) -> list[tuple[str, str]]:
    try:
        return [(name, value) for value in response.get_header_all(name)]
    except ValueError:
        return []


def _listed(values: Iterable[str]) -> frozenset[bytes]:
    """The header names in the values of Connection."""
    return frozenset(name.strip().lower().encode("latin-1") for value in values for name in value.split(","))
