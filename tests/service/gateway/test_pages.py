"""What the gateway says of the platform, to a person and to a program."""

import gzip
import hashlib
import re
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")
# swagger-ui-dist 5.35.0, as published: swagger-ui-bundle.js and swagger-ui.css
ASSETS = {
    "/schema/swagger-ui.js": "e6a898692f2d768e807c3ba4626068a69a2c5dd960dd6c76f3e4d3a3de180af2",
    "/schema/swagger-ui.css": "5ed08757e53da3e026d6cbecc61fe5d43585c9560b302d534ad56692519a273d",
}


async def test_the_first_page_is_the_catalogue_of_addresses(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")

    assert answer.is_redirect
    assert answer.headers["location"] == "/schema"
    page = await client.get("/schema")
    assert page.headers["content-type"].startswith("text/html")
    assert '<html lang="fr">' in page.text


async def test_the_catalogue_calls_no_other_host(client: httpx.AsyncClient) -> None:
    page = await client.get("/schema")

    assert "default-src 'none'" in page.headers["content-security-policy"]
    linked = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert all(address.startswith("/") for address in linked)
    assert {(await client.get(address)).status_code for address in linked} == {200}


@pytest.mark.parametrize(("address", "sha256"), ASSETS.items())
@pytest.mark.parametrize("encoding", ["gzip, br", "identity"])
async def test_the_catalogues_program_is_the_published_one(
    client: httpx.AsyncClient, address: str, sha256: str, encoding: str
) -> None:
    answer = await client.get(address, headers={"Accept-Encoding": encoding})

    assert hashlib.sha256(answer.content).hexdigest() == sha256
    assert (answer.headers.get("content-encoding") == "gzip") == ("gzip" in encoding)


async def test_the_document_is_that_of_all_services(client: httpx.AsyncClient) -> None:
    answer = await client.get("/schema/openapi.json")

    document = answer.json()
    assert document["openapi"].startswith("3.1")
    services = {path.split("/")[2] for path in document["paths"]}
    assert {"territory", "hr-networks", "training"} <= services


async def test_every_refusal_of_every_service_has_its_page(client: httpx.AsyncClient) -> None:
    document = (await client.get("/schema/openapi.json")).json()
    codes = {kind["code"] for kind in document["x-problems"]} | {"overloaded", "service-failed", "unauthenticated"}

    listed = (await client.get("/problems")).text
    missing = [code for code in codes if f"/problems/{code}" not in listed]
    assert missing == []
    assert (await client.get("/problems/overloaded")).status_code == 200


async def test_the_events_are_published_too(client: httpx.AsyncClient) -> None:
    assert (await client.get("/asyncapi.json")).json()["asyncapi"].startswith("3.")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
async def test_the_platform_is_watched_without_a_token(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 200


async def test_requests_are_counted_by_service_and_never_by_path(client: httpx.AsyncClient, bench: Any) -> None:
    await client.get("/v1/training/people/0590318A/secret", headers=bench.as_("chef@lille"))

    counted = (await client.get("/metrics")).text
    assert 'route="/v1/training",service="gateway"' in counted or 'route="/v1/training"' in counted
    assert "0590318A" not in counted


async def test_what_was_compressed_is_not_compressed_again(client: httpx.AsyncClient) -> None:
    async with client.stream("GET", "/schema/swagger-ui.js") as answer:
        raw = b"".join([piece async for piece in answer.aiter_raw()])

    assert hashlib.sha256(gzip.decompress(raw)).hexdigest() == ASSETS["/schema/swagger-ui.js"]
