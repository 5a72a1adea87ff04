"""What reaches the service, and what comes back: all that was sent, and nothing a client may not say."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from common.internal_tokens import InternalTokens, bearer
from common.tokens import FixedKeys, Unauthenticated, usable_keys

pytestmark = pytest.mark.asyncio(loop_scope="module")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    "target",
    [
        "/v1/training/sessions/",
        "/v1/training/a%2Fb",
        "/v1/training/%C3%A9t%C3%A9",
        "/v1/training//double",
        "/v1/training/x;y=1,2/~!$&'()*+@:",
        "/v1/training",
    ],
)
async def test_an_address_arrives_as_it_was_written(
    client: httpx.AsyncClient, bench: Any, raw: Any, target: str
) -> None:
    token = bench.as_("chef@lille")["Authorization"]

    await raw(f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n".encode())

    assert bench.service.heard[0].target == target


async def test_a_query_arrives_as_it_was_written(client: httpx.AsyncClient, bench: Any) -> None:
    await client.get("/v1/training/x?a=1&a=2&b=%26&c=", headers=bench.as_("chef@lille"))

    assert bench.service.heard[0].query == "a=1&a=2&b=%26&c="


@pytest.mark.parametrize(
    "target",
    ["/v1/training/../territory", "/v1/training/%2e%2e/x", "/v1/training/./x", "/v1/training/a\\b", '/v1/training/"'],
)
async def test_an_address_that_two_programs_could_read_differently_is_refused(
    client: httpx.AsyncClient, bench: Any, raw: Callable[[bytes], Awaitable[bytes]], target: str
) -> None:
    token = bench.as_("chef@lille")["Authorization"]

    answer = await raw(
        f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n".encode()
    )

    assert answer.startswith(b"HTTP/1.1 400")
    assert bench.service.heard == []


async def test_an_address_that_a_client_would_write_otherwise_is_refused_by_its_name(
    client: httpx.AsyncClient, bench: Any, raw: Callable[[bytes], Awaitable[bytes]]
) -> None:
    token = bench.as_("chef@lille")["Authorization"]

    answer = await raw(
        f"GET /v1/training/./x HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n".encode()
    )

    assert "/problems/malformed-path" in answer.decode()
    assert bench.service.heard == []


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/trainingx", "/v1/payroll/x", "/v1/tr%61ining/x"])
async def test_an_address_of_no_service_is_unknown(client: httpx.AsyncClient, bench: Any, path: str) -> None:
    answer = await client.get(path, headers=bench.as_("chef@lille"))

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/unknown-route"


@pytest.mark.parametrize(
    "header",
    [
        *("X-Forwarded-For", "X-Forwarded-User", "Forwarded", "X-Real-IP", "X-Remote-User", "Remote-User"),
        *("X-Bassin-Agent", "X-Academie", "X-Auth-Request-Email", "X-Original-URL", "X-HTTP-Method-Override", "Cookie"),
        *("X_Forwarded_For", "Proxy-Authorization", "TE", "Trailer", "Upgrade", "Expect-Nothing"),
    ],
)
async def test_who_a_client_claims_to_be_stays_outside(client: httpx.AsyncClient, bench: Any, header: str) -> None:
    await client.get("/v1/training/x", headers=bench.as_("chef@lille") | {header: "administrateur"})

    assert "administrateur" not in str(bench.service.heard[0].pairs)


async def test_headers_named_in_connection_go_no_further(client: httpx.AsyncClient, bench: Any) -> None:
    hop = {
        "Connection": "keep-alive, Prefer , accept-language",
        "Prefer": "hop",
        "Accept-Language": "hop",
        "If-Match": "1",
    }

    answer = await client.get("/v1/training/x", headers=bench.as_("chef@lille") | hop)

    heard = bench.service.heard[0].headers
    assert "hop" not in heard.values()
    assert heard["if-match"] == "1"
    assert not {"x-private", "keep-alive", "connection"} & set(answer.headers)


async def test_what_a_service_needs_of_a_request_arrives(client: httpx.AsyncClient, bench: Any) -> None:
    said = {
        "Accept": "text/csv",
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": "k-1",
        "If-Match": '"3"',
        "User-Agent": "agence",
    }

    await client.post("/v1/training/x", headers=bench.as_("chef@lille") | said, content=b"{}")

    assert said.items() <= {name.title(): value for name, value in bench.service.heard[0].pairs}.items()


async def test_the_order_of_cookies_is_kept(client: httpx.AsyncClient, bench: Any) -> None:
    answer = await client.get("/v1/training/x", headers=bench.as_("chef@lille"))

    assert answer.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2; Path=/"]
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    assert len(answer.headers.get_list("date")) == 1


async def test_the_service_hears_the_agent_from_the_gateway_alone(client: httpx.AsyncClient, bench: Any) -> None:
    await client.get("/v1/training/x", headers=bench.as_("chef@lille"))

    published = usable_keys((await client.get("/internal/jwks")).content)
    token = bearer(bench.service.heard[0].headers["authorization"])
    agent = await InternalTokens(FixedKeys(published)).verify(token, "training")
    assert (agent.academie, agent.name) == ("09", "Anne Ruelle")
    assert {(mandate.role, mandate.uai) for mandate in agent.mandates} == {
        ("chef-etablissement", "0599001N"),
        ("agent", "0599001N"),
    }
    with pytest.raises(Unauthenticated):
        await InternalTokens(FixedKeys(published)).verify(token, "territory")


async def test_the_published_keys_are_two_and_public(client: httpx.AsyncClient) -> None:
    keys = (await client.get("/internal/jwks")).json()["keys"]

    assert len({key["kid"] for key in keys}) == 2
    assert not any("d" in key for key in keys)


async def test_a_trace_goes_through(client: httpx.AsyncClient, bench: Any) -> None:
    caller = f"00-{TRACE}-00f067aa0ba902b7-01"

    await client.get("/v1/training/x", headers=bench.as_("chef@lille") | {"traceparent": caller})

    passed = bench.service.heard[0].headers["traceparent"]
    assert passed.split("-")[1] == TRACE
    assert passed != caller


async def test_a_trace_begins_here_when_the_client_brings_none(client: httpx.AsyncClient, bench: Any) -> None:
    await client.get("/v1/training/x", headers=bench.as_("chef@lille"))

    assert bench.service.heard[0].headers["traceparent"].startswith("00-")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "GET"])
@pytest.mark.parametrize("length", [0, 1, 65_536, 65_537, 300_000])
async def test_a_body_of_known_length_arrives_whole(
    client: httpx.AsyncClient, bench: Any, method: str, length: int
) -> None:
    answer = await client.request(method, "/v1/training/x", headers=bench.as_("chef@lille"), content=b"x" * length)

    assert answer.json() == {"method": method, "target": "/v1/training/x", "query": "", "length": length}
    if length:
        assert bench.service.heard[0].headers["content-length"] == str(length)


async def test_a_body_of_unknown_length_arrives_whole(client: httpx.AsyncClient, bench: Any) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"x" * 10_000

    answer = await client.post("/v1/training/x", headers=bench.as_("chef@lille"), content=pieces())

    assert answer.json()["length"] == 300_000
    assert bench.service.heard[0].headers["transfer-encoding"] == "chunked"


async def test_head_is_answered_without_body(client: httpx.AsyncClient, bench: Any) -> None:
    answer = await client.head("/v1/training/x", headers=bench.as_("chef@lille"))

    assert (answer.status_code, answer.content) == (200, b"")
    assert bench.service.heard[0].method == "HEAD"
