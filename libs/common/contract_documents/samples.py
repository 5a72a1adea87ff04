"""One record of each version as it lay on a topic once, kept to the byte: whoever listens must read it for ever."""

from pathlib import Path

from msgspec import Struct

from common.contract_documents import committed


class Sample(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys, headers and values of our records are text: written here as they are, sent as UTF-8."""

    topic: str
    key: str
    headers: dict[str, str]
    value: str

    def raw_headers(self) -> tuple[tuple[str, bytes], ...]:
        return tuple((name, text.encode()) for name, text in self.headers.items())


def read(directory: Path) -> dict[str, Sample]:
    """By ce_type, which is also the file's name."""
    return {file.stem: committed.read(file, Sample) for file in sorted(directory.glob("*.json"))}
