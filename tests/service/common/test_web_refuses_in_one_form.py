"""Whatever goes wrong, the caller gets an RFC 9457 problem: stable type, French text, pointers, a trace id to quote."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from litestar import get, post, put
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.params import FromHeader, FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter
from msgspec import Meta, Struct

from common import logs
from common.identifiers import CodeAcademie, Uai
from common.identity import agent_of
from common.protocol import TooManyRequests, require_match
from common.refusal import Refusal, Unavailable, UnknownAcademie
from common.web import Description, http_app

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
FAILURES: dict[str, Exception] = {
    "deadlock": asyncpg.DeadlockDetectedError("deadlock detected"),
    "lock": asyncpg.LockNotAvailableError("canceling statement due to lock timeout"),
    "serialisation": asyncpg.SerializationError("could not serialize access"),
    "cancelled": asyncpg.QueryCanceledError("canceling statement"),
    "connection": asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    "closed": asyncpg.InterfaceError("connection is closed"),
    "full": asyncpg.TooManyConnectionsError("too many clients"),
    "shutdown": asyncpg.AdminShutdownError("terminating connection"),
    "refused": ConnectionRefusedError("refused"),
    "slow": TimeoutError(),
    "misuse": asyncpg.InterfaceError("cannot perform operation: another operation is in progress"),
    "bug": KeyError("s3cret"),
}


class QuotaDepasse(Refusal):
    code = "test-quota"
    title = "Quota du bassin dépassé"


class Person(Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=2)]
    age: Annotated[int, Meta(ge=0)] = 0


class Wish(Struct, frozen=True, forbid_unknown_fields=True):
    uai: Uai
    persons: tuple[Person, ...] = ()
    note: str = ""


@post("/v1/wishes", status_code=201)
async def wish(data: JSONBody[Wish]) -> Wish:
    return data


@get("/v1/schools/{uai:str}")
async def school(
    uai: FromPath[Uai], limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50, since: FromQuery[UUID | None] = None
) -> dict[str, Any]:
    return {"uai": uai, "kind": type(uai).__name__}


@get("/v1/needs")
async def needs(word: FromQuery[str]) -> str:
    return word


@get("/v1/failures/{name:str}")
async def failure(name: FromPath[str]) -> None:
    raise FAILURES[name]


@get("/v1/refusals/{name:str}")
async def refusal(name: FromPath[str]) -> None:
    match name:
        case "quota":
            raise QuotaDepasse("Trois places pour quatre candidatures.")
        case "rate":
            raise TooManyRequests("Attendez.", retry_after=7)
        case "down":
            raise Unavailable("Attendez.", retry_after=30)
        case "academie":
            raise UnknownAcademie(f"L’académie {CodeAcademie('17')} n’est pas desservie.")


@put("/v1/edited")
async def edited(if_match: Annotated[str | None, HeaderParameter(name="If-Match")] = None) -> str:
    require_match(if_match, '"3"')
    return "changed"


async def known(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    agent_of(connection)


@post("/v1/private", guards=[known])
async def private(data: JSONBody[Wish], x_test: FromHeader[str] = "") -> None:
    return None


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app: Any = http_app(
        "training",
        [wish, school, needs, failure, refusal, edited, private],
        description=Description(title="Essai", text="Essai"),
        body_limit=1_000,
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        client.headers["traceparent"] = f"00-{TRACE}-00f067aa0ba902b7-01"
        yield client


@pytest.fixture
def logged() -> io.StringIO:
    stream = io.StringIO()
    logs.configure("training", stream=stream)
    return stream


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["type"] == f"/problems/{code}"
    assert body["status"] == status
    assert body["trace_id"] == TRACE
    assert body["title"]
    assert body["detail"]
    return body


def pointers(body: dict[str, Any]) -> dict[str, str]:
    return {error["pointer"]: error["code"] for error in body["errors"]}


async def test_a_rule_that_says_no_is_409_with_its_own_type(client: httpx.AsyncClient) -> None:
    body = problem(await client.get("/v1/refusals/quota"), 409, "test-quota")

    assert body["title"] == "Quota du bassin dépassé"
    assert body["detail"] == "Trois places pour quatre candidatures."
    assert body["instance"] == "/v1/refusals/quota"


async def test_all_errors_of_a_body_are_told_with_their_pointers(client: httpx.AsyncClient) -> None:
    sent = {"uai": "0590318B", "persons": [{"name": "Zoé"}, {"name": "Z", "age": "12", "agee": 3}], "extra": 1}

    body = problem(await client.post("/v1/wishes", json=sent), 422, "malformed")

    assert pointers(body) == {
        "/uai": "uai-checksum",
        "/persons/1/name": "length",
        "/persons/1/age": "type",
        "/persons/1/agee": "unknown-field",
        "/extra": "unknown-field",
    }


async def test_a_number_written_as_text_is_not_a_number(client: httpx.AsyncClient) -> None:
    sent = {"uai": "0590318A", "persons": [{"name": "Zoé", "age": "12"}]}

    assert pointers(problem(await client.post("/v1/wishes", json=sent), 422, "malformed")) == {"/persons/0/age": "type"}


async def test_a_body_as_declared_is_read(client: httpx.AsyncClient) -> None:
    sent = {"uai": "0590318A", "persons": [{"name": "Zoé", "age": 12}], "note": "é"}

    answer = await client.post("/v1/wishes", json=sent)

    assert (answer.status_code, answer.json()) == (201, sent)


@pytest.mark.parametrize("body", [b"{", b'{"uai": "\xff"}', b"[" * 900, b'{"note": "\\ud800"}', b"NaN", b'"\x01"'])
async def test_what_is_not_json_is_400(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/v1/wishes", content=body, headers={"content-type": "application/json"})

    problem(answer, 400, "bad-json")


async def test_an_absent_body_is_told_as_such(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/wishes", headers={"content-type": "application/json"})

    assert pointers(problem(answer, 422, "malformed")) == {"": "missing"}


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"]
)
async def test_a_body_that_is_not_announced_as_json_is_415(client: httpx.AsyncClient, kind: str) -> None:
    answer = await client.post("/v1/wishes", content=b'{"uai": "0590318A"}', headers={"content-type": kind})

    problem(answer, 415, "unsupported-media-type")


async def test_a_body_over_the_limit_is_413_whether_announced_or_not(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 100

    announced = await client.post("/v1/wishes", content=b"x" * 1_001, headers={"content-type": "application/json"})
    chunked = await client.post("/v1/wishes", content=chunks(), headers={"content-type": "application/json"})

    problem(announced, 413, "body-too-large")
    problem(chunked, 413, "body-too-large")


async def test_a_nul_character_is_refused_before_the_database_sees_it(client: httpx.AsyncClient) -> None:
    in_body = await client.post("/v1/wishes", json={"uai": "0590318A", "note": "a\0b"})
    in_query = await client.get("/v1/needs?word=a%00b")
    in_path = await client.get("/v1/schools/%00")
    harmless = await client.post("/v1/wishes", json={"uai": "0590318A", "note": "a\\u0000b"})

    assert pointers(problem(in_body, 422, "malformed")) == {"/note": "nul-character"}
    problem(in_query, 400, "bad-request")
    problem(in_path, 400, "bad-request")
    assert harmless.status_code == 201


@pytest.mark.parametrize("name", ["Content-Type", "Idempotency-Key", "Authorization"])
async def test_a_header_that_two_programs_could_read_differently_is_refused(
    client: httpx.AsyncClient, name: str
) -> None:
    headers = [("Content-Type", "application/json"), (name, "application/json")]
    headers += [(name, "text/plain")] if name != "Content-Type" else []

    problem(await client.post("/v1/wishes", json={"uai": "0590318A"}, headers=headers), 400, "bad-request")


@pytest.mark.parametrize("body", [b'{"extra":' + b"[" * 400 + b"]" * 400 + b"}", b'{"persons":' + b'[{"name":' * 90])
async def test_a_body_of_any_depth_is_only_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/v1/wishes", content=body, headers={"content-type": "application/json"})

    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_all_errors_of_the_parameters_are_told(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/schools/0590318B?limit=0&since=hier")

    assert pointers(problem(answer, 422, "malformed")) == {
        "/path/uai": "uai-checksum",
        "/query/limit": "range",
        "/query/since": "uuid",
    }
    absent = problem(await client.get("/v1/needs"), 422, "malformed")
    assert pointers(absent) == {"/query/word": "missing"}


async def test_identifiers_of_the_path_reach_the_handler_with_their_type(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/schools/0590318A")).json() == {"uai": "0590318A", "kind": "Uai"}


async def test_an_unknown_address_and_an_unknown_method_are_told(client: httpx.AsyncClient) -> None:
    problem(await client.get("/nulle-part"), 404, "unknown-route")
    refused = await client.delete("/v1/wishes")

    problem(refused, 405, "method-not-allowed")
    assert "POST" in refused.headers["allow"]


async def test_an_unknown_academie_is_told(client: httpx.AsyncClient) -> None:
    problem(await client.get("/v1/refusals/academie"), 404, "unknown-academie")


async def test_without_an_identity_the_answer_is_401_before_the_body_is_read(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/private", content=b"{", headers={"content-type": "application/json"})

    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("name", "status", "code", "after"), [("rate", 429, "too-many-requests", "7"), ("down", 503, "unavailable", "30")]
)
async def test_who_must_wait_is_told_how_long(
    client: httpx.AsyncClient, name: str, status: int, code: str, after: str
) -> None:
    answer = await client.get(f"/v1/refusals/{name}")

    problem(answer, status, code)
    assert answer.headers["retry-after"] == after


async def test_a_change_must_say_what_its_author_has_read(client: httpx.AsyncClient) -> None:
    problem(await client.put("/v1/edited"), 428, "precondition-required")
    problem(await client.put("/v1/edited", headers={"If-Match": '"2", W/"3"'}), 412, "precondition-failed")
    assert (await client.put("/v1/edited", headers={"If-Match": '"2", "3"'})).status_code == 200
    assert (await client.put("/v1/edited", headers={"If-Match": "*"})).status_code == 200


@pytest.mark.parametrize("name", [name for name in FAILURES if name not in {"bug", "misuse"}])
async def test_what_passes_by_itself_is_503_with_a_delay(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/v1/failures/{name}")

    problem(answer, 503, "busy")
    assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize("name", ["bug", "misuse"])
async def test_a_bug_is_500_without_a_word_of_it_and_logged_once(
    logged: io.StringIO, client: httpx.AsyncClient, name: str
) -> None:
    answer = await client.get(f"/v1/failures/{name}")

    problem(answer, 500, "internal-error")
    assert "s3cret" not in answer.text
    assert "Error" not in answer.text
    told = [line for line in map(json.loads, logged.getvalue().splitlines()) if line["level"] == "error"]
    assert [(line["event"], line["trace_id"]) for line in told] == [("unexpected_error", TRACE)]
    assert "test_web_refuses_in_one_form.py" in told[0]["exception"]


async def test_a_caller_that_goes_away_is_not_an_error(logged: io.StringIO) -> None:
    app: Any = http_app("training", [wish], description=Description(title="Essai", text="Essai"))
    sent: list[Any] = []

    async def gone() -> Any:
        await asyncio.sleep(0)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"content-length", b"9")]
    scope: Any = {"type": "http", "method": "POST", "path": "/v1/wishes", "raw_path": b"/v1/wishes", "headers": headers}
    await app({**scope, "query_string": b"", "root_path": "", "http_version": "1.1"}, gone, send)

    assert '"level":"error"' not in logged.getvalue()
    assert '"status":499' in logged.getvalue()


async def test_a_body_that_would_drop_unknown_fields_stops_the_start() -> None:
    class Open(Struct, frozen=True):
        name: str

    class Outer(Struct, frozen=True, forbid_unknown_fields=True):
        inner: list[Open | None] = []

    @post("/v1/open")
    async def careless(data: JSONBody[Outer]) -> None:
        return None

    with pytest.raises(TypeError, match=r"Open.* must have forbid_unknown_fields=True"):
        http_app("training", [careless], description=Description(title="Essai", text="Essai"))
