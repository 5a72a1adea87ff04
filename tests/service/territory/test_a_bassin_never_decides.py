"""A bassin is not a hierarchical level: whoever acts for one reads, and nothing he does is a decision."""

from collections.abc import Iterator
from typing import Any

import pytest
from litestar.routes import HTTPRoute

from common.identity import Role, acts_of

EXAMPLES = {"uai": "0590318A", "code": "09101", "identifier": "01a20330-0f17-76ef-baa7-c8d340883992"}


def routes(app: Any) -> Iterator[tuple[str, str, Any]]:
    for route in app.routes:
        for handler in route.route_handlers if isinstance(route, HTTPRoute) else ():
            for method in handler.http_methods:
                if route.path.startswith("/v1/") and method not in ("OPTIONS", "HEAD"):
                    path = "/".join(
                        EXAMPLES[part[1:].split(":")[0]] if part.startswith("{") else part
                        for part in route.path.split("/")
                    )
                    yield method, path, handler


async def test_every_route_says_once_what_kind_of_act_it_is(territory: Any) -> None:
    found = list(routes(territory.app))

    assert len(found) > 15
    for method, path, handler in found:
        (act,) = acts_of(handler)
        assert (act.act == "read") == (method == "GET"), path


@pytest.mark.item(16)
async def test_an_animateur_is_told_why_he_decides_nothing(territory: Any, agent: Any) -> None:
    client = territory.as_(agent(Role.ANIMATEUR_BASSIN, "09", bassin="09101"))
    decisions = [(m, path) for m, path, handler in routes(territory.app) if acts_of(handler)[0].act == "decide"]

    assert len(decisions) == 5
    for method, path in decisions:
        answer = await client.request(method, path, content=b"not even read")
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/bassin-never-decides"), path
        assert "circulaire n° 2001-114" in answer.json()["detail"]


@pytest.mark.item(16)
async def test_an_animateur_reads_the_directory(territory: Any, agent: Any) -> None:
    client = territory.as_(agent(Role.ANIMATEUR_BASSIN, "09", bassin="09101"))

    for path in ("etablissements", "bassins", "academies", "missions", "reference-texts", "regions"):
        assert (await client.get(f"/v1/territory/{path}")).status_code == 200
