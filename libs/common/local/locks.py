"""One at a time between processes: a lock that ends with its holder."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.local.trouble import Trouble


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Waits for its turn."""
    with path.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


@contextmanager
def alone(path: Path, *, refusal: str) -> Iterator[None]:
    """Does not wait: whoever comes second is told."""
    with path.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Trouble(refusal) from None
        yield
