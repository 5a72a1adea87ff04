"""An outage of hours ends no relay: the service is there when the database is back."""

import asyncio
import logging
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


class Nowhere:
    """A log that is never reached."""

    def abandon(self) -> None: ...

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)
