"""What is large goes through piece by piece: the gateway, as its own process, holds none of it."""

import asyncio
import hashlib
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import psutil
import pytest
import pytest_asyncio

pytestmark = pytest.mark.asyncio(loop_scope="module")
SIZE = 50_000_000
ALLOWED = 12_000_000  # bytes of growth; buffers of sockets and allocators, not the body


class Watched:
    """The largest resident size of a process while something goes on."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.before = self.largest = self._process.memory_info().rss
        self._task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            self.largest = max(self.largest, self._process.memory_info().rss)
            await asyncio.sleep(0.01)

    def growth(self) -> int:
        self._task.cancel()
        return self.largest - self.before


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def process(running: Any) -> AsyncIterator[tuple[int, httpx.AsyncClient]]:
    """The gateway as it is run, warmed up."""
    bench, _ = running
    environment = bench.environment()
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway.main", env=os.environ | environment, stdout=asyncio.subprocess.DEVNULL
    )
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{environment['BASSIN_HTTP_PORT']}", timeout=60) as client:
        try:
            await ready(client)
            for path in ("x", "large"):
                await client.post(f"/v1/training/{path}", headers=bench.as_("chef@lille"), content=b"x" * 1_000_000)
            yield started.pid, client
        finally:
            started.terminate()
            assert await asyncio.wait_for(started.wait(), 10) == 0  # after an orderly stop


async def ready(client: httpx.AsyncClient) -> None:
    for _ in range(200):
        try:
            (await client.get("/livez")).raise_for_status()
        except httpx.TransportError:
            await asyncio.sleep(0.05)
        else:
            return
    raise TimeoutError("the gateway did not start")


async def test_a_large_upload_passes_through_and_is_never_held(
    bench: Any, process: tuple[int, httpx.AsyncClient]
) -> None:
    pid, client = process
    sent = hashlib.sha256()

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(50):
            piece = bytes([number]) * (SIZE // 50)
            sent.update(piece)
            yield piece

    watched = Watched(pid)
    answer = await client.post("/v1/training/import", headers=bench.as_("chef@lille"), content=pieces())

    grown = watched.growth()
    assert answer.json()["length"] == SIZE
    assert bench.service.heard[-1].sha256.digest() == sent.digest()
    assert grown < ALLOWED, f"{grown:,}"


async def test_a_large_answer_passes_through_and_is_never_held(
    bench: Any, process: tuple[int, httpx.AsyncClient]
) -> None:
    pid, client = process
    received, length = hashlib.sha256(), 0

    watched = Watched(pid)
    async with client.stream("GET", "/v1/training/large", headers=bench.as_("chef@lille")) as answer:
        async for piece in answer.aiter_bytes():
            received.update(piece)
            length += len(piece)

    assert length == SIZE
    grown = watched.growth()
    assert received.digest() == hashlib.sha256(b"".join(bytes([n]) * 1_000_000 for n in range(50))).digest()
    assert grown < ALLOWED, f"{grown:,}"


async def test_a_slow_reader_slows_the_service_and_fills_nothing(
    bench: Any, process: tuple[int, httpx.AsyncClient]
) -> None:
    pid, client = process

    watched = Watched(pid)
    async with client.stream("GET", "/v1/training/large", headers=bench.as_("chef@lille")) as answer:
        stream = answer.aiter_raw(65_536)
        await anext(stream)
        await asyncio.sleep(1)

    assert watched.growth() < ALLOWED
