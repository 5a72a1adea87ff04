"""What HTTP promises of every address holds for each of ours: HEAD, OPTIONS, the methods that are allowed, 304."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Controller, Response, get, post, put
from litestar.response import Stream

from common.protocol import require_match
from common.web import Description, http_app


class Cards(Controller):
    path = "/v1/cards"

    @get("/")
    async def cards(self) -> Response[str]:
        return Response("Zoé", headers={"ETag": '"7"'})

    @post("/")
    async def add(self) -> None:
        return None

    @get("/1")
    async def card(self) -> str:
        require_match(None, '"7"')
        return ""


@put("/v1/cards/1")
async def change() -> None:
    return None


@get("/v1/cards.csv", media_type="text/csv")
async def file() -> Stream:
    return Stream(iter([b"a;b\r\n", b"1;2\r\n"]), headers={"ETag": '"7"'})


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app: Any = http_app("trial", [Cards, change, file], description=Description(title="x", text="x"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


@pytest.mark.parametrize("path", ["/v1/cards", "/v1/cards.csv", "/v1/cards/1", "/livez", "/problems"])
async def test_head_hears_what_get_hears_without_its_body(client: httpx.AsyncClient, path: str) -> None:
    asked, whole = await client.head(path), await client.get(path)

    assert (asked.status_code, asked.content) == (whole.status_code, b"")
    assert asked.headers == whole.headers
    assert whole.content


@pytest.mark.parametrize(
    ("path", "methods"), [("/v1/cards", "GET, HEAD, OPTIONS, POST"), ("/v1/cards/1", "GET, HEAD, OPTIONS, PUT")]
)
async def test_options_and_405_name_every_method_of_an_address(
    client: httpx.AsyncClient, path: str, methods: str
) -> None:
    told, refused = await client.options(path), await client.delete(path)

    assert (told.status_code, told.headers["allow"]) == (204, methods)
    assert (refused.status_code, refused.headers["allow"]) == (405, methods)
    assert refused.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("known", ['"7"', 'W/"7"', '"6", "7"', "*"])
@pytest.mark.parametrize("path", ["/v1/cards", "/v1/cards.csv"])
async def test_who_has_the_present_version_is_not_sent_it_again(
    client: httpx.AsyncClient, path: str, known: str
) -> None:
    answer = await client.get(path, headers={"If-None-Match": known})

    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", '"7"')
    assert "content-type" not in answer.headers


async def test_who_has_another_version_and_who_is_refused_hear_all(client: httpx.AsyncClient) -> None:
    newer = await client.get("/v1/cards", headers={"If-None-Match": '"6"'})
    untagged = await client.get("/livez", headers={"If-None-Match": "*"})
    refused = await client.get("/v1/cards/1", headers={"If-None-Match": "*"})

    assert (newer.status_code, newer.text) == (200, "Zoé")
    assert untagged.text == "ok"
    assert refused.status_code == 428
