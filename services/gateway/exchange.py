"""The client's side of an exchange: its body as it arrives, bounded, and its departure, which ends the work for it."""

import asyncio
from collections.abc import AsyncIterator

from litestar.types import HTTPScope, Receive

from common.protocol import BadRequest, BodyTooLarge
from common.refusal import Refusal

WHOLE = 64 * 1024  # bytes: a smaller body is passed on in one piece
PATIENCE = 0.05  # seconds before looking whether the client is still there; most exchanges are over by then
STALLED = 30.0  # seconds without a byte of a body


class UploadStalled(Refusal):
    code = "upload-stalled"
    title = "Envoi interrompu"
    status = 408
    explanation = "Le corps de la demande a cessé d’arriver. Rien n’a été enregistré."


class ClientGone(Exception):
    """Nobody is left to answer."""


class Upload:
    """A request's body."""

    def __init__(self, scope: HTTPScope, receive: Receive, largest: int) -> None:
        headers = dict(scope["headers"])
        self.length = _length(headers.get(b"content-length"))
        self.expected = self.length not in (None, 0) or b"transfer-encoding" in headers
        self._receive = receive
        self._largest = largest
        self._received = 0
        self.complete = not self.expected
        if (self.length or 0) > largest:
            raise BodyTooLarge(f"La taille maximale est de {largest // 1024} Kio.")

    @property
    def fits(self) -> bool:
        return self.length is not None and self.length <= WHOLE

    async def whole(self) -> bytes:
        return b"".join([piece async for piece in self.pieces()])

    async def pieces(self) -> AsyncIterator[bytes]:
        while not self.complete:
            yield await self._piece()

    async def _piece(self) -> bytes:
        try:
            async with asyncio.timeout(STALLED):
                message = await self._receive()
        except TimeoutError as stalled:
            raise UploadStalled("L’envoi s’est arrêté avant la fin.") from stalled
        if message["type"] != "http.request":
            raise ClientGone
        self.complete = not message.get("more_body", False)
        piece = message.get("body", b"")
        self._received += len(piece)
        if self._received > self._largest:
            raise BodyTooLarge(f"La taille maximale est de {self._largest // 1024} Kio.")
        return piece


def _length(text: bytes | None) -> int | None:
    if text is None:
        return None
    if not text.isdigit():
        raise BadRequest("L’en-tête Content-Length n’est pas un nombre.")
    return int(text)


class Departure:
    """Notices that the client went away once its body has arrived; from `interrupt` on, that ends the task."""

    def __init__(self, receive: Receive, upload: Upload) -> None:
        self.happened = False
        self._receive = receive
        self._upload = upload
        self._task: asyncio.Task[object] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._look)

    def interrupt(self) -> None:
        if self.happened:
            raise ClientGone
        self._task = asyncio.current_task()

    def forget(self) -> None:
        self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()

    def _look(self) -> None:
        if self._upload.complete:
            self._watch = asyncio.create_task(self._wait())
        else:
            self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._look)

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.happened = True
        if self._task is not None:
            self._task.cancel()
