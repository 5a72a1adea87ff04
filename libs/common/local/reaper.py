"""A process apart that ends what a dead run leaves: it survives our SIGKILL and the loss of the terminal.

Orders come line by line on standard input: `+ pid signal`, `- pid`, `rm directory`. Their end means that we are gone.
It is run as a file by an isolated interpreter, so it imports nothing of ours.
"""

import contextlib
import os
import shutil
import signal
import sys
import time

GRACE_SECONDS = 8.0  # `Ctrl-C ends every process within 10 s`


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def end_group(leader: int) -> None:
    """Nothing of it is needed any more: whatever the program itself had started goes too."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _end(watched: dict[int, int]) -> None:
    present = [pid for pid in watched if _alive(pid)]  # only these: another one's number may be somebody else's by now
    for pid in reversed(present):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, watched[pid])
    deadline = time.monotonic() + GRACE_SECONDS
    while any(map(_alive, present)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in present:
        end_group(pid)


def main() -> None:
    for deaf_to in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(deaf_to, signal.SIG_IGN)
    watched: dict[int, int] = {}
    rubbish: list[str] = []
    for line in sys.stdin:
        order, _, rest = line.rstrip("\n").partition(" ")
        if order == "+":
            pid, number = rest.split()
            watched[int(pid)] = int(number)
        elif order == "-":
            watched.pop(int(rest), None)
        else:
            rubbish.append(rest)
    _end(watched)
    for directory in rubbish:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
