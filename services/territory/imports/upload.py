"""Taking a large file in, piece by piece: neither the whole of it nor more than is allowed is ever held in memory."""

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from msgspec import Struct

from common.body import IncomingRequest
from common.protocol import BodyTooLarge, UnsupportedMediaType
from common.refusal import Malformed

LIMIT: Final = 100_000_000  # bytes of the file itself, also when it travels compressed
PIECE: Final = 1 << 18
GZIP: Final = 31  # zlib's word for it


class BadCompression(Malformed):
    code: ClassVar[str] = "bad-compression"
    title: ClassVar[str] = "Compression illisible"
    explanation: ClassVar[str] = "Le fichier est annoncé comme compressé (gzip), et ne peut pas être décompressé."


class Upload(Struct, frozen=True):
    """A file as it is kept: compressed, under the digest of its content."""

    content: bytes
    sha256: bytes
    size: int


class Packer:
    """Digests the content of a file and keeps it compressed, whichever way it comes."""

    def __init__(self, *, compressed: bool) -> None:
        self.size = 0
        self._digest = hashlib.sha256()
        self._unpack = zlib.decompressobj(GZIP) if compressed else None
        self._pack = zlib.compressobj(1, wbits=GZIP)
        self._kept: list[bytes] = []

    def take(self, piece: bytes) -> None:
        for plain in self._plain(piece):
            self.size += len(plain)
            if self.size > LIMIT:
                raise BodyTooLarge(f"Le fichier dépasse {LIMIT // 1_000_000} Mo.")
            self._digest.update(plain)
            if self._unpack is None:
                self._kept.append(self._pack.compress(plain))
        if self._unpack is not None:
            self._kept.append(piece)

    def finish(self) -> Upload:
        if self._unpack is None:
            self._kept.append(self._pack.flush())
        elif not self._unpack.eof or self._unpack.unused_data:
            raise BadCompression("Le fichier compressé est incomplet, ou suivi d’autre chose.")
        return Upload(b"".join(self._kept), self._digest.digest(), self.size)

    def _plain(self, piece: bytes) -> Iterator[bytes]:
        if self._unpack is None:
            yield piece
            return
        try:
            while plain := self._unpack.decompress(piece, PIECE):
                yield plain
                piece = self._unpack.unconsumed_tail
        except zlib.error as error:
            raise BadCompression("Le fichier n’est pas compressé au format gzip.") from error


class FileRequest(IncomingRequest):
    """A request whose body is a file."""

    _upload: Upload | None = None

    async def upload(self) -> Upload:
        if self._upload is None:
            if self.content_type[0] != "text/csv":
                raise UnsupportedMediaType("Le fichier doit être annoncé par « Content-Type: text/csv ».")
            coding = self.headers.get("content-encoding", "identity").strip().lower()
            if coding not in ("identity", "gzip"):
                raise UnsupportedMediaType("Le seul Content-Encoding admis est gzip.")
            packer = Packer(compressed=coding == "gzip")
            async for piece in self.stream():
                packer.take(piece)
            self._upload = packer.finish()
        return self._upload

    async def body(self) -> bytes:
        """What tells this body from another, for the Idempotency-Key; the file itself is in `upload`."""
        return (await self.upload()).sha256


@dataclass
class FileOperation(Operation):
    """Litestar describes no body that is not a Struct: the document says it here."""

    def __post_init__(self) -> None:
        content = {"text/csv": OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY))}
        text = "Le fichier CSV, d’au plus 100 Mo ; il peut être compressé (Content-Encoding: gzip)."
        self.request_body = RequestBody(content=content, description=text, required=True)
