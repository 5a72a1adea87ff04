"""One at a time between processes: a lock that ends with its holder."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Waits for its turn."""
    with path.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
