"""Ctrl-C, `kill` and a closed terminal all end a run the same way: by an exception that unwinds what was started."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(BaseException):
    """Somebody wants us to end."""


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Only the first is heard: what follows is the ending, which takes seconds and is not to be cut short."""

    def end(_number: int, _frame: FrameType | None) -> None:
        for ending in ENDINGS:
            signal.signal(ending, signal.SIG_IGN)
        raise Ended

    before = {ending: signal.signal(ending, end) for ending in ENDINGS}
    try:
        yield
    finally:
        for ending, handler in before.items():
            signal.signal(ending, handler)
