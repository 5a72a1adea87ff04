"""A page that anybody may read goes through in nobody's name; everything else still asks for a token."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from common.local.provision import routes_toml
from common.settings import SettingsError
from gateway.settings import RoutesFile, read_file


async def page(own: Any, **settings: Any) -> Any:
    """A gateway before one service that has a public page beside its own paths."""
    await own.provide()
    await own.route()
    [route] = own.known_routes()
    own.routes(route, {**route, "prefix": "/calendrier", "public": True})
    return await own.start(**settings)


@pytest.mark.item(133)
async def test_a_public_page_is_asked_for_in_nobodys_name(own: Any) -> None:
    client = await page(own)

    answer = await client.get("/calendrier?academie=09", headers=own.as_("chef@lille") | {"X-Academie": "09"})
    below = await client.get("/calendrier/2027")

    assert (answer.status_code, below.status_code) == (200, 200)
    assert [(heard.target, heard.query) for heard in own.service.heard] == [
        ("/calendrier", "academie=09"), ("/calendrier/2027", ""),
    ]  # fmt: skip
    for heard in own.service.heard:
        assert not {"authorization", "x-academie"} & set(heard.headers)
        assert heard.headers["traceparent"]


@pytest.mark.parametrize("path", ["/v1/training/x", "/v1/training", "/calendrierx", "/calendrier.ics", "/calendriers"])
async def test_what_is_not_that_page_stays_closed(own: Any, path: str) -> None:
    client = await page(own)

    answer = await client.get(path)

    assert answer.status_code == (401 if path.startswith("/v1") else 404)
    assert own.service.heard == []


@pytest.mark.parametrize("target", ["/calendrier/../v1/training/x", "/calendrier/%2e%2e/v1/training/x"])
async def test_nobody_climbs_out_of_a_public_page(own: Any, target: str) -> None:
    await page(own)

    answer = await raw(own, f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert answer.startswith(("HTTP/1.1 400", "HTTP/1.1 401", "HTTP/1.1 404"))
    assert own.service.heard == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_public_page_is_only_read(own: Any, method: str) -> None:
    client = await page(own)

    answer = await client.request(method, "/calendrier", headers=own.as_("chef@lille"), content=b"x")

    assert (answer.status_code, answer.json()["type"]) == (405, "/problems/method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD"
    assert own.service.heard == []


async def test_all_who_come_without_a_token_share_what_one_academie_has(own: Any) -> None:
    client = await page(own, rate_per_academie=0.001, burst_per_academie=2)

    answers = [await client.get("/calendrier") for _ in range(3)]
    agent = await client.get("/v1/training/x", headers=own.as_("chef@lille"))

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2].headers["retry-after"]) > 0
    assert agent.status_code == 200


@pytest.mark.parametrize(
    ("prefix", "public"),
    [("/v1", True), ("/v1/training/offers", True), ("/", True), ("", True), ("/calendrier", False), ("/", False)],
)
async def test_no_configuration_opens_what_is_kept_for_agents(own: Any, prefix: str, public: bool) -> None:
    await own.provide()
    own.routes({"service": "training", "url": "http://127.0.0.1:9", "prefix": prefix, "public": public})

    with pytest.raises(SettingsError):
        await own.start()


def test_the_local_platform_shows_the_calendar_to_everybody(tmp_path: Path) -> None:
    (tmp_path / "routes.toml").write_text(routes_toml({"hr_networks": "http://a", "training": "http://b"}))

    routes = read_file(tmp_path / "routes.toml", RoutesFile).routes

    public = {route.path for route in routes if route.public}
    assert {"/calendrier", "/calendrier.ics"} <= public
    assert [route.path for route in routes if not route.public] == ["/v1/hr-networks", "/v1/training"]


async def raw(own: Any, request: str) -> str:
    """Send exactly this; all that is answered until the gateway closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(own.url.rsplit(":", 1)[1]))
    writer.write(request.encode())
    try:
        return (await asyncio.wait_for(reader.read(), 5)).decode()
    finally:
        writer.close()
