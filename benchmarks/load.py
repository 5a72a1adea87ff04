"""Requests as fast as they are answered, or one after the other."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from statistics import median

from benchmarks.http import Client

CLIENTS = 16  # requests under way


class Asked:
    """The same requests, over and over, to one address."""

    def __init__(self, url: str, requests: Sequence[bytes]) -> None:
        self._client = Client(url)
        self._requests = requests
        self._turns: Iterator[bytes] = cycle(requests)

    async def once(self) -> float:
        """Seconds until the answer, which must be a good one."""
        began = time.perf_counter()
        answer = await self._client.ask(next(self._turns))
        assert answer.status == 200, answer
        return time.perf_counter() - began

    async def warm(self) -> None:
        """Each request once: no token is new to anybody any more."""
        for request in self._requests:
            answer = await self._client.ask(request)
            assert answer.status == 200, answer

    async def throughput(self, seconds: float) -> float:
        """Answers a second."""
        done, began = 0, time.perf_counter()

        async def ask() -> None:
            nonlocal done
            while time.perf_counter() < began + seconds:
                await self.once()
                done += 1

        await asyncio.gather(*(ask() for _ in range(CLIENTS)))
        return done / (time.perf_counter() - began)

    def close(self) -> None:
        self._client.close()


async def medians(sides: Sequence[Asked], times: int) -> list[float]:
    """Seconds of one request to each side, asked in turn by one client."""
    taken: list[list[float]] = [[] for _ in sides]
    for _ in range(times):
        for side, seconds in zip(sides, taken, strict=True):
            seconds.append(await side.once())
    return [median(seconds) for seconds in taken]
