"""What is asked beside an address is what the route knows, each once; a misspelt filter is no filter."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery

from common.pagination import Cursor, Limit
from common.web import Description, http_app


async def wanted(academie: FromQuery[str | None] = None) -> str:
    return academie or "all"


@get("/v1/schools", dependencies={"wanted": Provide(wanted)})
async def schools(
    wanted: NamedDependency[str],
    nature: FromQuery[list[str] | None] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> list[str]:
    return [wanted, *(nature or [])]


@get("/v1/nothing")
async def nothing() -> str:
    return "ok"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app: Any = http_app("trial", [schools, nothing], description=Description(title="x", text="x"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


async def test_what_a_route_and_its_dependencies_read_is_known(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/schools?academie=09&nature=340&nature=302&limit=2")

    assert answer.json() == ["09", "340", "302"]


@pytest.mark.parametrize(
    ("asked", "pointer", "code"),
    [
        ("/v1/schools?acadmie=09", "/query/acadmie", "unknown-parameter"),
        ("/v1/nothing?x", "/query/x", "unknown-parameter"),
        ("/v1/schools?academie=09&academie=20", "/query/academie", "repeated"),
        ("/v1/schools?limit=1&limit=1", "/query/limit", "repeated"),
    ],
)
async def test_what_is_misspelt_or_said_twice_is_told(
    client: httpx.AsyncClient, asked: str, pointer: str, code: str
) -> None:
    answer = await client.get(asked)

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/malformed")
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]


async def test_pages_and_probes_may_be_asked_with_anything(client: httpx.AsyncClient) -> None:
    for path in ("/livez", "/metrics", "/problems", "/schema/openapi.json"):
        assert (await client.get(f"{path}?from=bookmark")).status_code == 200
