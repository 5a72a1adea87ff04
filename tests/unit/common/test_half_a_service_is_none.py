"""A loop that ended by itself takes its service along, however it ended."""

import asyncio
import signal
from collections.abc import Callable
from typing import Any

import pytest
from litestar import Litestar

from common.service import _end, _start


async def fails() -> None:
    raise LookupError("a bug")


async def library_cancels() -> None:
    """As aiokafka does where it waits for a task of its own that it has just cancelled."""
    task = asyncio.create_task(asyncio.sleep(60))
    task.cancel()
    await task


async def gives_up_in_time() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await asyncio.sleep(60)
    await library_cancels()


async def goes_on() -> None:
    await asyncio.sleep(60)


async def has_nothing_to_do() -> None:
    return


@pytest.fixture
def raised(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    signals: list[int] = []
    monkeypatch.setattr(signal, "raise_signal", signals.append)
    return signals


@pytest.mark.parametrize("loop", [fails, library_cancels, gives_up_in_time])
async def test_a_loop_that_broke_ends_its_service(loop: Callable[[], Any], raised: list[int]) -> None:
    app = Litestar()
    tasks = _start(app, loop(), goes_on())
    await asyncio.wait(tasks, timeout=0.2)
    assert raised == [signal.SIGTERM]
    assert app.state.broken
    await _end(tasks)
    assert raised == [signal.SIGTERM]


@pytest.mark.parametrize("loop", [goes_on, has_nothing_to_do])
async def test_a_loop_that_was_ended_or_has_nothing_to_do_does_not(loop: Callable[[], Any], raised: list[int]) -> None:
    app = Litestar()
    tasks = _start(app, loop())
    await asyncio.sleep(0.01)
    await _end(tasks)
    assert (raised, app.state.get("broken")) == ([], None)
