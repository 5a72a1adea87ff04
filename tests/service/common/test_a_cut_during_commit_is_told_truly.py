"""A line that is cut while COMMIT is under way: nobody knows whether it took place, and the same key finds out."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from litestar import post
from litestar.datastructures import State
from tests.service.common.probe import LILLE, PRODUCER, census
from tests.service.common.proxy import Proxy, before

from common import idempotency, outbox
from common.clock import Clock
from common.db import Database, connect
from common.identity import Agent
from common.web import Description, http_app

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

ANA = Agent(id=uuid4(), academie=LILLE)
KEY = {"Idempotency-Key": "k1"}


@post("/v1/censuses", status_code=201)
async def open_census(state: State) -> Any:
    async with state.db.transaction(ANA) as tx:
        outbox.append(tx, LILLE, [census(uuid4())])
        state.proxy.asking.held, state.proxy.answering.held = state.held
        return tx.answer("ouvert", status=201)


@pytest.fixture
async def proxy(producer_urls: "ServiceUrls") -> AsyncIterator[Proxy]:
    async with before(producer_urls.app) as proxy:
        yield proxy


@pytest.fixture
async def app(proxy: Proxy) -> AsyncIterator[Any]:
    pool = await connect(proxy.url, size=2)
    app: Any = http_app(
        PRODUCER, [open_census], description=Description(title="x", text="x"), before_request=idempotency.before_request
    )
    app.state.db, app.state.proxy = Database(PRODUCER, pool, Clock()), proxy
    yield app
    pool.terminate()


async def committed(producer: Database) -> int:
    number: int = await producer.pool.fetchval("SELECT count(*) FROM infra.outbox")
    return number


@pytest.mark.parametrize("arrives", [False, True])
async def test_what_a_cut_during_commit_leaves_is_not_called_nothing(
    app: Any, proxy: Proxy, producer: Database, arrives: bool
) -> None:
    app.state.held = (not arrives, arrives)  # COMMIT itself, or the answer to it
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        asked = asyncio.create_task(client.post("/v1/censuses", headers=KEY))
        await asyncio.sleep(0.3)
        assert await committed(producer) == int(arrives)
        proxy.cut()
        answer = await asked
        proxy.mend()
        app.state.held = (False, False)
        again = await client.post("/v1/censuses", headers=KEY)

    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/busy")
    assert "rien n’a été enregistré" not in answer.json()["detail"]
    assert "Idempotency-Key" in answer.json()["detail"]
    assert (again.status_code, json.loads(again.content)) == (201, "ouvert")
    assert await committed(producer) == 1
