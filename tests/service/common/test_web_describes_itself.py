"""The OpenAPI document and the pages of refusals say what a caller will meet, in French."""

import re
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from litestar import get, post, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, JSONBody
from msgspec import Struct

from common import openapi, problem_pages
from common.identifiers import Numen, Uai
from common.pagination import Cursor, Limit, Page
from common.problem_pages import COMMON, ProblemKind, problems_controller
from common.refusal import REFUSALS
from common.web import Description, http_app

LIBRARY = Path(problem_pages.__file__).parent


class Contact(Struct, frozen=True, forbid_unknown_fields=True):
    mail: str


class Declaration(Struct, frozen=True, forbid_unknown_fields=True):
    uai: Uai
    numen: Numen
    contacts: list[Contact] = []


class Card(Struct, frozen=True):
    uai: Uai


@post("/v1/declarations", tags=["Déclarations"])
async def declare(data: JSONBody[Declaration]) -> Card:
    """Déclarer les personnes d’un établissement.

    La déclaration se corrige jusqu’à la date limite.
    """
    return Card(data.uai)


@get("/v1/cards")
async def cards(cursor: Cursor = None, limit: Limit = 50) -> Page[Card]:
    """Lister les fiches."""
    return Page([])


@put("/v1/cards/{card:uuid}", responses={201: ResponseSpec(Card)})
async def change(card: FromPath[UUID], if_match: Annotated[str, HeaderParameter(name="If-Match")]) -> None:
    """Corriger une fiche."""


@pytest.fixture
def app() -> Any:
    about = Description(title="Bassin - essai", text="Un service d’essai.", tags={"Déclarations": "Ce qui se déclare"})
    return http_app("trial", [declare, cards, change], description=about)


@pytest.fixture
def document(app: Any) -> dict[str, Any]:
    return openapi.document(app, "trial")


def refused(document: dict[str, Any], path: str, method: str) -> set[str]:
    return {status for status in document["paths"][path][method]["responses"] if status >= "400"}


async def test_the_document_is_served_as_it_is_committed(app: Any, document: dict[str, Any]) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        served = await client.get("/schema/openapi.json")

    assert served.json() == document
    assert document["openapi"] == "3.1.0"
    assert document["info"]["license"] == {"name": "EUPL-1.2", "identifier": "EUPL-1.2"}
    assert document["security"] == [{"jeton": []}]
    assert document["components"]["securitySchemes"]["jeton"]["scheme"] == "bearer"
    assert document["tags"] == [{"name": "Déclarations", "description": "Ce qui se déclare"}]
    assert set(document["paths"]) == {"/v1/declarations", "/v1/cards", "/v1/cards/{card}"}


def test_the_french_docstring_is_the_title_and_the_text(document: dict[str, Any]) -> None:
    operation = document["paths"]["/v1/declarations"]["post"]

    assert operation["summary"] == "Déclarer les personnes d’un établissement"
    assert operation["description"] == "La déclaration se corrige jusqu’à la date limite."
    assert operation["responses"]["201"]["description"] == "Créé"
    assert "description" not in document["paths"]["/v1/cards"]["get"]


def test_the_document_is_the_same_at_every_start(document: dict[str, Any]) -> None:
    created = document["paths"]["/v1/cards/{card}"]["put"]["responses"]["201"]

    assert created["content"]["application/json"] == {"schema": {"$ref": "#/components/schemas/Card"}}
    assert created["description"] == "Créé"


def test_a_page_is_named_after_what_it_holds(document: dict[str, Any]) -> None:
    answer = document["paths"]["/v1/cards"]["get"]["responses"]["200"]["content"]["application/json"]

    assert answer["schema"] == {"$ref": "#/components/schemas/Page_Card"}
    assert document["components"]["schemas"]["Page_Card"]["title"] == "Page[Card]"


def test_every_refusal_that_can_be_met_is_documented_through_the_components(document: dict[str, Any]) -> None:
    always = {"400", "401", "403", "429", "503"}

    assert refused(document, "/v1/declarations", "post") == always | {"409", "413", "415", "422"}
    assert refused(document, "/v1/cards", "get") == always | {"422"}
    assert refused(document, "/v1/cards/{card}", "put") == always | {"404", "409", "412", "422", "428"}
    responses = document["components"]["responses"]
    for path, method, operation in openapi.operations(document):
        for status in refused(document, path, method):
            name = operation["responses"][status]["$ref"].removeprefix("#/components/responses/")
            assert responses[name]["content"]["application/problem+json"]["schema"]["$ref"].endswith("/Problem")
    assert "errors" in document["components"]["schemas"]["Problem"]["properties"]


def test_only_what_is_referred_to_is_shared(document: dict[str, Any]) -> None:
    said = str(document["paths"])

    assert all(f"/responses/{name}'" in said for name in document["components"]["responses"])
    assert set(document["components"]["parameters"]) == {"IdempotencyKey"}


def test_every_post_asks_for_a_key_and_every_page_says_where_the_next_is(document: dict[str, Any]) -> None:
    paths = document["paths"]

    assert {"$ref": "#/components/parameters/IdempotencyKey"} in paths["/v1/declarations"]["post"]["parameters"]
    assert document["components"]["parameters"]["IdempotencyKey"]["required"] is True
    assert "Link" in paths["/v1/cards"]["get"]["responses"]["200"]["headers"]
    assert "IdempotencyKey" not in str(paths["/v1/cards"])


def test_identifiers_are_described_by_their_pattern_and_an_example(document: dict[str, Any]) -> None:
    schema = document["components"]["schemas"]["Declaration"]

    assert schema["properties"]["uai"]["pattern"] == f"^(?:{Uai.pattern})$"
    assert schema["properties"]["uai"]["examples"] == ["0590318A"]
    assert schema["properties"]["numen"]["writeOnly"] is True


def test_bodies_are_described_as_closed_and_answers_as_open(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    assert schemas["Declaration"]["additionalProperties"] is False
    assert schemas["Contact"]["additionalProperties"] is False
    assert "additionalProperties" not in schemas["Card"]


async def test_each_refusal_has_a_page_that_needs_no_script(app: Any) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        index = await client.get("/problems")
        pages = {code: await client.get(f"/problems/{code}") for code in REFUSALS if "test" not in code}
        unknown = await client.get("/problems/nothing")

    assert '<html lang="fr">' in index.text
    assert "<h1>Refus possibles</h1>" in index.text
    assert "<script" not in index.text
    assert unknown.status_code == 404
    assert unknown.headers["content-type"] == "application/problem+json"
    for code in ("malformed", "not-yours", "busy", "idempotency-key-missing", "outbox-behind", "bassin-never-decides"):
        assert f'href="/problems/{code}"' in index.text
        assert REFUSALS[code].title in pages[code].text
        assert pages[code].headers["content-security-policy"].startswith("default-src 'none'")


async def test_the_gateway_can_show_the_refusals_of_all() -> None:
    more = [ProblemKind("quota-exceeded", "Quota <dépassé>", 409, "Le bassin a trop de candidatures.")]
    app: Any = http_app(
        "gateway", [], description=Description(title="x", text="x"), problems=problems_controller("gateway", more)
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        page = await client.get("/problems/quota-exceeded")

    assert "<h1>Quota &lt;dépassé&gt;</h1>" in page.text
    assert "Le bassin a trop de candidatures." in page.text


def test_no_module_of_the_library_that_refuses_is_missing_from_the_pages() -> None:
    refuses = re.compile(r"^class \w+\((Refusal|Malformed|NotFound|Forbidden|Unavailable)\)", re.MULTILINE)
    found = {f"common.{file.stem}" for file in LIBRARY.glob("*.py") if refuses.search(file.read_text("utf-8"))}

    assert found == set(COMMON)
