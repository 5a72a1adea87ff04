"""An outage of hours ends no relay: the service is there when the database is back."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.service.common import probe

from common import relay as under_test
from common.relay import Relay

ATTEMPTS = 1_100  # 2**1024 is no float


async def test_after_a_thousand_attempts_in_vain_it_tries_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(under_test, "SLOWEST_RETRY", 0.0)
    caplog.set_level(logging.DEBUG, "bassin.relay")
    relay = Relay(service="training", url="postgresql://127.0.0.1:9/nowhere", log=Nowhere(), wake=asyncio.Event())
    task = asyncio.create_task(relay.run())

    async def enough() -> bool:
        return len(caplog.records) >= ATTEMPTS or task.done()

    await probe.eventually(enough, within=30)
    assert not task.done()
    task.cancel()
    assert [record.levelname for record in caplog.records].count("WARNING") == 1


async def test_once_a_minute_it_says_what_keeps_it_now(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The first reason may be a database that was away for a moment, and the one that stays another."""
    monkeypatch.setattr(under_test, "SLOWEST_RETRY", 0.01)
    monkeypatch.setattr(under_test, "SAY_AGAIN", 0.5)
    reasons = iter(["database away"])

    async def in_vain(_: Relay, __: object) -> None:
        raise LookupError(next(reasons, "left open"))

    monkeypatch.setattr(Relay, "owner", contextlib.asynccontextmanager(nobody))
    monkeypatch.setattr(Relay, "publish_as_owner", in_vain)
    task = asyncio.create_task(Relay(service="training", url="", log=Nowhere(), wake=asyncio.Event()).run())
    await asyncio.sleep(1.3)
    task.cancel()

    said = [vars(record)["error"] for record in caplog.records if record.levelname == "WARNING"]
    assert said == ["LookupError: database away", "LookupError: left open", "LookupError: left open"]


async def nobody(_: Relay) -> AsyncIterator[None]:
    yield


class Nowhere:
    """A log that is never reached."""

    def abandon(self) -> None: ...

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)
