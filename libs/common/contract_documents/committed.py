"""Reading what is committed in docs/: a file that a merge or an editor broke is named, with what to do."""

from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")


class Unreadable(ValueError):
    """One line: which file, what is wrong, how to get it back."""


def read(file: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except msgspec.DecodeError as broken:
        raise Unreadable(f"{file}: {broken}: git checkout {file}") from broken
