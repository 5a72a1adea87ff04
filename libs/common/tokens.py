"""What makes a token believable: its issuer's keys, fetched seldom, kept while it is down; and a short memory."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import urlsplit

import msgspec
import structlog
from joserfc import jwk, jws
from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

from common.refusal import Refusal, Unavailable

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Elapsed = Callable[[], float]
log = structlog.get_logger()

FRESH = 300.0  # seconds after which known keys are read again, in the background
COOL_DOWN = 30.0  # seconds between two fetches, whatever kids the tokens name
LARGEST_DOCUMENT = 1_000_000


class Unauthenticated(Refusal):
    code = "unauthenticated"
    title = "Identité non vérifiée"
    status = 401
    explanation = "La demande ne porte pas de jeton d’accès, ou ce jeton est expiré, altéré ou d’un émetteur inconnu."


class Keys(Protocol):
    async def key(self, kid: str) -> Key | None: ...


class Jwks(msgspec.Struct):
    keys: list[dict[str, Any]]


def usable_keys(document: bytes) -> dict[str, Key]:
    """The keys of a JWKS that verify signatures; a kind of key we do not know is passed over."""
    found: dict[str, Key] = {}
    for data in msgspec.json.decode(document, type=Jwks).keys:
        if data.get("use", "sig") != "sig" or data.get("kty") not in ("EC", "RSA", "OKP"):
            continue
        try:
            key = jwk.import_key(data)
        except (JoseError, ValueError, TypeError, KeyError) as unknown:
            log.warning("key_passed_over", reason=type(unknown).__name__)
            continue
        if key.kid:
            found[key.kid] = key
    return found


class FixedKeys:
    """Keys that are known without asking anyone."""

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self._keys = keys

    async def key(self, kid: str) -> Key | None:
        return self._keys.get(kid)


class FetchedKeys:
    """A remote issuer's keys: one fetch at a time, one per COOL_DOWN; what is known is served while it is down."""

    def __init__(
        self,
        load: Callable[[], Awaitable[bytes]],
        *,
        without_keys: float = COOL_DOWN,
        elapsed: Elapsed = time.monotonic,
    ) -> None:
        """`without_keys`: seconds between two fetches as long as no key is known, and nobody can be believed."""
        self._load = load
        self._without_keys = without_keys
        self._elapsed = elapsed
        self._keys: dict[str, Key] = {}
        self._loaded_at = self._tried_at = float("-inf")
        self._loading: asyncio.Task[None] | None = None

    async def key(self, kid: str) -> Key | None:
        known = self._keys.get(kid)
        if known is None:
            await self._reload()
            if not self._keys:
                raise Unavailable(
                    "Les clés du fournisseur d’identité ne peuvent pas être lues.",
                    retry_after=math.ceil(self._without_keys),
                )
            return self._keys.get(kid)
        if self._elapsed() - self._loaded_at > FRESH:
            self._start()
        return known

    async def _reload(self) -> None:
        loading = self._start()
        if loading is not None:
            await asyncio.shield(loading)  # a client that goes away must not cancel the fetch of the others

    def _start(self) -> asyncio.Task[None] | None:
        pause = COOL_DOWN if self._keys else self._without_keys
        if self._loading is None and self._elapsed() - self._tried_at >= pause:
            self._tried_at = self._elapsed()
            self._loading = asyncio.create_task(self._replace())
        return self._loading

    async def _replace(self) -> None:
        try:
            self._keys = usable_keys(await self._load()) or self._keys
            self._loaded_at = self._elapsed()
        except (OSError, HTTPException, ValueError) as down:
            log.warning("keys_not_read", reason=type(down).__name__)
        finally:
            self._loading = None


async def verified_payload(token: str, keys: Keys, registry: JWSRegistry) -> bytes:
    """The payload of a token that one of these keys signed with an algorithm of this registry."""
    try:
        signed = jws.extract_compact(token.encode(), None, registry)
        kid = signed.headers().get("kid")
        key = await keys.key(kid) if isinstance(kid, str) else None
        genuine = key is not None and jws.validate_compact(signed, key, registry=registry)
    except (JoseError, ValueError, TypeError) as malformed:
        raise Unauthenticated("Le jeton est mal formé ou n’est pas signé comme il doit l’être.") from malformed
    if not genuine or signed.payload is None:
        raise Unauthenticated("La signature du jeton n’est pas celle d’un émetteur reconnu.")
    return signed.payload


class Remembered(Generic[K, V]):
    """What need not be worked out again, each entry until its own end, the oldest leaving first."""

    def __init__(self, limit: int = 10_000, *, elapsed: Elapsed = time.monotonic) -> None:
        self._limit = limit
        self._elapsed = elapsed
        self._entries: dict[K, tuple[float, V]] = {}

    def get(self, key: K) -> V | None:
        entry = self._entries.get(key)
        return entry[1] if entry is not None and self._elapsed() < entry[0] else None

    def put(self, key: K, value: V, *, seconds: float) -> V:
        self._entries.pop(key, None)
        if len(self._entries) >= self._limit:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = (self._elapsed() + seconds, value)
        return value


def digest(*parts: str) -> bytes:
    return sha256("\n".join(parts).encode()).digest()


def fetched_from(url: str) -> Callable[[], Awaitable[bytes]]:
    return lambda: fetch(url)


async def fetch(url: str) -> bytes:
    """The document at a URL of our own configuration; no redirect is followed."""
    return await asyncio.to_thread(_read, url)


def _read(url: str) -> bytes:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError("only http and https are read")
    connection = (HTTPSConnection if parts.scheme == "https" else HTTPConnection)(parts.netloc, timeout=5)
    try:
        connection.request("GET", f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}")
        answer = connection.getresponse()
        if answer.status != 200:
            raise OSError(f"status {answer.status}")
        document = answer.read(LARGEST_DOCUMENT + 1)
    finally:
        connection.close()
    if len(document) > LARGEST_DOCUMENT:
        raise ValueError("document too large")
    return document
