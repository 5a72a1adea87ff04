"""The gateway as the process that is deployed: told to end it ends well, and it does not start with a wrong file."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

UP_WITHIN = 20.0  # seconds


async def started(environment: Mapping[str, str]) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.main"), env={**os.environ, **environment}, stdout=PIPE, stderr=PIPE
    )


async def until_ready(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(UP_WITHIN):
        while True:
            try:
                await client.get("/readyz")
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_what_is_under_way_is_answered_before_it_ends(own: Any, number: signal.Signals) -> None:
    async def half_a_second(scope: Any, receive: Any, send: Any) -> None:
        heard.set()
        await asyncio.sleep(0.5)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    heard = asyncio.Event()
    await own.provide()
    own.service = half_a_second
    await own.route()
    environment = own.environment()
    process = await started(environment)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{environment['BASSIN_HTTP_PORT']}") as client:
        await until_ready(client)
        under_way = asyncio.create_task(client.get("/v1/training/x", headers=own.as_("chef@lille")))
        await asyncio.wait_for(heard.wait(), 5)
        process.send_signal(number)
        answer = await under_way

    await asyncio.wait_for(process.communicate(), 10)
    assert (answer.status_code, answer.text) == (200, "done")
    assert process.returncode == 0


async def test_what_it_cannot_start_with_is_told_line_by_line(own: Any) -> None:
    await own.provide()
    await own.route()
    environment = own.environment() | {"BASSIN_ISSUERS": "/nowhere/issuers.toml", "BASSIN_HTTP_PORT": "80800"}

    wrong_port = await started(environment)
    _, first = await asyncio.wait_for(wrong_port.communicate(), UP_WITHIN)
    wrong_file = await started(environment | {"BASSIN_HTTP_PORT": "0"})
    _, then = await asyncio.wait_for(wrong_file.communicate(), UP_WITHIN)

    assert (wrong_port.returncode, first) == (3, b"BASSIN_HTTP_PORT: Expected `int` <= 65535\n")
    assert (wrong_file.returncode, then) == (3, b"BASSIN_ISSUERS: /nowhere/issuers.toml: No such file or directory\n")
