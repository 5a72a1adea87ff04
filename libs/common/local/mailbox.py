"""Where the demo's mails arrive: a real SMTP server that keeps each one as a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from common.local.ports import LOOPBACK


class Mailbox:
    """An aiosmtpd handler; files are numbered in the order in which mails were accepted."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._numbers = count(1 + sum(1 for _ in directory.glob("*.eml")))

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        file = self._directory / f"{next(self._numbers):05}-{envelope.rcpt_tos[0].replace('/', '_')}.eml"
        content = envelope.content or b""
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return "250 kept"


@contextmanager
def mailbox(directory: Path, port: int) -> Iterator[None]:
    server = Controller(Mailbox(directory), hostname=LOOPBACK, port=port)
    server.start()
    try:
        yield
    finally:
        server.stop()
