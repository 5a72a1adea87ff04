"""A POST said twice is done once: the key goes into the command's own transaction, its answer beside it."""

import hashlib
import re
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, ClassVar

from litestar import Request, Response
from msgspec import Struct

from common.refusal import Malformed, Refusal

KEPT = timedelta(hours=72)
KEY = re.compile(r"[!-~]{1,255}")  # what a header field may hold without spaces
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class IdempotencyKeyMissing(Refusal):
    code: ClassVar[str] = "idempotency-key-missing"
    title: ClassVar[str] = "En-tête Idempotency-Key absent"
    status: ClassVar[int] = 400


class IdempotencyKeyReused(Malformed):
    code: ClassVar[str] = "idempotency-key-reused"
    title: ClassVar[str] = "Clé d’idempotence déjà employée pour une autre demande"


class TwinInProgress(Refusal):
    code: ClassVar[str] = "twin-in-progress"
    title: ClassVar[str] = "La même demande est en cours de traitement"


class Command(Struct, frozen=True):
    """An unsafe request as its twin would repeat it; only a POST has a key."""

    method: str
    path: str
    key: str | None
    body_sha256: bytes


class Answer(Struct, frozen=True):
    """What was said to the first of the twins."""

    status: int
    body: bytes
    location: str | None = None
    etag: str | None = None

    def response(self) -> Response[bytes]:
        named = {"Location": self.location, "ETag": self.etag}
        headers = {name: value for name, value in named.items() if value}
        return Response(self.body, status_code=self.status, headers=headers, media_type="application/json")


class Replayed(Exception):
    """Not an error: the command was answered before, and the web layer sends that answer again."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("answered before")
        self.answer = answer


current: ContextVar[Command | None] = ContextVar("bassin_command", default=None)


async def before_request(request: Request[Any, Any, Any]) -> None:
    """Remember the command for `Database.transaction`.

    Raises:
        IdempotencyKeyMissing: a POST without a usable key.
    """
    current.set(None)
    if request.method in SAFE:
        return
    key: str | None = None
    if request.method == "POST":
        key = request.headers.get("idempotency-key", "")
        if not KEY.fullmatch(key):
            raise IdempotencyKeyMissing("Une demande POST porte un en-tête Idempotency-Key de 1 à 255 caractères.")
    path = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    current.set(Command(request.method, path, key, hashlib.sha256(await request.body()).digest()))
