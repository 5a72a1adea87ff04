"""What Litestar 2.25 would do to us unless told otherwise, so that an upgrade that changes it is seen."""

import asyncio
import warnings
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar, get
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import SwaggerRenderPlugin
from litestar.plugins.problem_details import ProblemDetailsConfig, ProblemDetailsPlugin
from litestar.plugins.prometheus import PrometheusConfig
from litestar.testing import AsyncTestClient
from prometheus_client import REGISTRY
from tests.architecture.applications import application

from common import metrics
from common.contracts.events import Event
from common.openapi import Document
from common.service import services

SOURCES = [path for root in ("libs", "services") for path in (Path(__file__).parents[3] / root).rglob("*.py")]


@get("/loop")
async def loop() -> int:
    return id(asyncio.get_running_loop())


@get("/no")
async def refuse() -> None:
    raise HTTPException(status_code=409, detail="the reason")


def client(*handlers: Any, **options: Any) -> httpx.AsyncClient:
    app: Any = Litestar([*handlers], **options)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_its_own_test_client_runs_the_app_in_another_loop() -> None:
    """Trap Litestar 2: a pool made in the test would fail there; httpx's transport stays in ours."""
    ours = id(asyncio.get_running_loop())
    async with AsyncTestClient(Litestar([loop])) as theirs:
        assert (await theirs.get("/loop")).json() != ours

    async with client(loop) as httpx_client:
        assert (await httpx_client.get("/loop")).json() == ours


def test_events_tell_mypy_that_they_are_frozen() -> None:
    """Trap Litestar 4: else it rejects subclasses of a frozen Struct."""
    said: dict[str, Any] = vars(Event)["__dataclass_transform__"]

    assert said["kw_only_default"]
    assert {**said, **said["kwargs"]}["frozen_default"]  # Python 3.11 keeps it apart


async def test_its_metrics_count_no_unmatched_address_and_label_what_is_not_answered_yet() -> None:
    """Trap Litestar 5: ours are written outside of it, and the gauge of requests at work has one series a service."""
    async with client(loop, middleware=[PrometheusConfig(prefix="trap").middleware]) as asking:
        assert (await asking.get("/loop")).status_code == 200
        assert (await asking.get("/nowhere")).status_code == 404

    samples = [s for metric in REGISTRY.collect() for s in metric.samples if s.name.startswith("trap_")]
    in_progress = [s for s in samples if s.name.endswith("requests_in_progress")]
    assert in_progress
    assert all("status_code" in sample.labels for sample in in_progress)
    assert "404" not in {sample.labels.get("status_code") for sample in samples}
    assert metrics.http_in_progress._labelnames == ("service",)


async def test_its_problems_have_no_type_and_their_title_is_the_detail() -> None:
    """Trap Litestar 6: hence our own converter."""
    plugin = ProblemDetailsPlugin(ProblemDetailsConfig(enable_for_all_http_exceptions=True))
    async with client(refuse, plugins=[plugin]) as asking:
        problem = (await asking.get("/no")).json()

    assert problem["title"] == "the reason"
    assert {"type", "instance"}.isdisjoint(problem)


async def test_its_catalogue_calls_another_host_unless_told_otherwise() -> None:
    """Trap Litestar 9: the gateway's page gives it local addresses and a policy that allows no other."""
    config = OpenAPIConfig(title="t", version="1", render_plugins=[SwaggerRenderPlugin()])
    async with client(loop, openapi_config=config) as asking:
        page = await asking.get("/schema", follow_redirects=True)

    assert "https://cdn." in page.text
    assert "content-security-policy" not in page.headers


@pytest.mark.parametrize("name", services())
def test_a_service_shows_its_document_and_no_catalogue(name: str) -> None:
    """Trap Litestar 9."""
    config = application(name).openapi_config

    assert config is not None
    assert {type(plugin) for plugin in config.render_plugins} == {Document}


@pytest.mark.parametrize("word", ["PyJWKClient", "PrometheusMiddleware", "ProblemDetailsPlugin", "RateLimitConfig"])
def test_nothing_of_ours_uses_what_would_not_do(word: str) -> None:
    """Traps Litestar 5, 6, 7 and 8: the key client is synchronous and blocks the loop, the limiter counts the proxy."""
    assert [path.name for path in SOURCES if word in path.read_text(encoding="utf-8")] == []


def test_an_inferred_parameter_is_deprecated() -> None:
    """Trap Litestar 1: every one of ours says where it comes from (tests/architecture)."""

    @get("/{number:int}")
    async def infer(number: int) -> int:
        return number

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        Litestar([infer])

    assert [warning for warning in said if issubclass(warning.category, DeprecationWarning)]
