"""Each request leaves one line, one trace and its metrics, and nothing in them belongs to a person."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
import structlog
from litestar import get
from litestar.params import FromPath, FromQuery

from common import logs, metrics, trace
from common.health import examined
from common.identifiers import CodeAcademie
from common.identity import Agent
from common.web import Description, http_app

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@get("/v1/persons/{person:str}")
async def person(person: FromPath[str], secret: FromQuery[str] = "") -> dict[str, str]:
    structlog.get_logger().info("looked_at")
    return {"traceparent": trace.traceparent()}


@get("/v1/public", media_type="text/plain", response_headers={"cache-control": "public, max-age=60"})
async def public() -> str:
    return "ok"


async def fine() -> None:
    return None


async def away() -> str:
    return "not reachable"


async def broken() -> str | None:
    raise ConnectionRefusedError("postgresql://app:s3cret@db")


async def hanging() -> str | None:
    await asyncio.sleep(60)
    return None


def app_of(**checks: Any) -> Any:
    return http_app("watched", [person, public], description=Description(title="Essai", text="Essai"), **checks)


@pytest.fixture
def logged() -> io.StringIO:
    stream = io.StringIO()
    logs.configure("watched", stream=stream, level="info")
    return stream


@pytest.fixture
async def client(logged: io.StringIO) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app_of(essential={"database": fine}, helpful={"kafka": away}))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def lines(logged: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in logged.getvalue().splitlines()]


async def test_each_request_leaves_one_line_without_its_address(client: httpx.AsyncClient, logged: io.StringIO) -> None:
    await client.get("/v1/persons/zoe.martin@ac-lille.fr?secret=01E9501234ABC", headers={"traceparent": PARENT})

    said = lines(logged)
    assert [line["event"] for line in said] == ["looked_at", "request"]
    assert {line["trace_id"] for line in said} == {TRACE}
    assert {line["span_id"] for line in said} == {said[0]["span_id"]}
    request = said[1]
    assert (request["service"], request["method"], request["status"]) == ("watched", "GET", 200)
    assert request["route"] == "/v1/persons/{person}"
    assert request["seconds"] >= 0
    assert request["time"].endswith("Z")
    assert "zoe" not in logged.getvalue()
    assert "01E9501234ABC" not in logged.getvalue()


async def test_the_line_says_for_which_academie(logged: io.StringIO) -> None:
    app = app_of()
    agent = Agent(id=UUID(int=1), academie=CodeAcademie("09"), name="Zoé Martin")

    async def with_user(scope: Any, receive: Any, send: Any) -> None:
        scope["user"] = agent
        await app(scope, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(with_user), base_url="http://test") as client:
        await client.get("/v1/public")

    assert lines(logged)[-1]["academie"] == "09"
    assert "Zoé" not in logged.getvalue()


async def test_the_next_hop_gets_the_same_trace_and_a_new_span(client: httpx.AsyncClient) -> None:
    onward = (await client.get("/v1/persons/1", headers={"traceparent": PARENT})).json()["traceparent"]

    assert onward.startswith(f"00-{TRACE}-")
    assert onward.endswith("-01")
    assert "00f067aa0ba902b7" not in onward
    assert trace.current() is None


async def test_a_request_without_a_trace_begins_one(client: httpx.AsyncClient) -> None:
    first = (await client.get("/v1/persons/1")).json()["traceparent"]
    second = (await client.get("/v1/persons/1", headers={"traceparent": "n'importe quoi"})).json()["traceparent"]

    assert len({first[3:35], second[3:35], "0" * 32}) == 3


async def test_requests_are_counted_by_route_and_never_by_address(client: httpx.AsyncClient) -> None:
    def count(route: str, status: str, method: str = "GET") -> float:
        labels = {"service": "watched", "method": method, "route": route, "status": status}
        return metrics.REGISTRY.get_sample_value("bassin_http_requests_total", labels) or 0

    before = count("/v1/persons/{person}", "200"), count("unmatched", "404"), count("unmatched", "404", "other")
    await client.get("/v1/persons/1")
    await client.get("/v1/persons/2")
    await client.get("/nulle/part/1")
    await client.request("XYZZY", "/nulle/part/2")

    assert count("/v1/persons/{person}", "200") == before[0] + 2
    assert count("unmatched", "404") == before[1] + 1
    assert count("unmatched", "404", "other") == before[2] + 1
    text = (await client.get("/metrics")).text
    assert "/v1/persons/1" not in text
    assert "nulle" not in text
    assert 'bassin_http_request_duration_seconds_count{method="GET",route="/v1/persons/{person}"' in text


async def test_answers_are_neither_stored_nor_sniffed_unless_the_route_says_so(client: httpx.AsyncClient) -> None:
    private, public_answer = await client.get("/v1/persons/1"), await client.get("/v1/public")

    assert private.headers["cache-control"] == "no-store"
    assert private.headers["x-content-type-options"] == "nosniff"
    assert public_answer.headers.get_list("cache-control") == ["public, max-age=60"]


async def test_without_kafka_a_service_is_degraded_and_still_ready(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "degraded", "checks": {"database": "ok", "kafka": "not reachable"}}
    assert (await client.get("/livez")).text == "ok"


async def test_without_its_database_a_service_is_alive_and_not_ready(logged: io.StringIO) -> None:
    transport = httpx.ASGITransport(app_of(essential={"database": broken}, helpful={"kafka": fine}))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/readyz")
        alive = await client.get("/livez")

    assert (answer.status_code, answer.json()["status"]) == (503, "unready")
    assert alive.status_code == 200
    assert "s3cret" not in answer.text
    assert "s3cret" not in logged.getvalue()


async def test_a_check_that_hangs_is_a_check_that_says_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.health.PATIENCE", 0.01)

    assert (await examined({"database": hanging}, {})).checks == {"database": "TimeoutError"}


async def test_probes_do_not_fill_the_logs(client: httpx.AsyncClient, logged: io.StringIO) -> None:
    await client.get("/livez")
    await client.get("/metrics")

    assert logged.getvalue() == ""
