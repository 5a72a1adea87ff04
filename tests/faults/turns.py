"""Of two lanes on one machine: what is busy in one is never beside what is busy in the other."""

import asyncio
import fcntl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common.local.places import ROOT

BUSY = ROOT / ".bassin" / "faults-busy"  # of both lanes; locked by whoever has the processors for itself


@asynccontextmanager
async def turn(*, busy: bool) -> AsyncIterator[None]:
    """Waits for it, unless what follows keeps nobody from working."""
    if not busy:
        yield
        return
    BUSY.parent.mkdir(exist_ok=True)
    with BUSY.open("w") as lock:  # its end gives the lock back, even a kill
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        yield
