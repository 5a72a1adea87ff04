"""The joined OpenAPI document: complete, unambiguous, and as committed."""

import copy
from pathlib import Path
from typing import Any

import msgspec
import pytest

from common.cli.openapi import DOCS, check, export
from common.openapi import operations
from common.openapi_join import Conflict, join


def document(path: str, **schemas: Any) -> dict[str, Any]:
    answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}}
    return {
        "security": [{"jeton": []}],
        "tags": [{"name": "Communs"}],
        "paths": {path: {"get": {"operationId": path, "responses": {"200": answer}}}},
        "components": {
            "schemas": {"Page": {"properties": {"item": {"$ref": "#/components/schemas/Item"}}}, **schemas},
            "securitySchemes": {"jeton": {"type": "http"}},
        },
        "x-problems": [{"code": "not-yours", "title": "Action non autorisée"}],
    }


def test_what_two_services_mean_alike_is_said_once() -> None:
    item = {"type": "string"}

    joined = join({"training": document("/v1/training", Item=item), "territory": document("/v1/territory", Item=item)})

    assert joined["components"]["schemas"].keys() == {"Item", "Page"}
    assert list(joined["paths"]) == ["/v1/territory", "/v1/training"]
    assert (joined["tags"], joined["security"]) == ([{"name": "Communs"}], [{"jeton": []}])
    assert len(joined["x-problems"]) == 1


def test_what_two_services_call_alike_and_mean_otherwise_is_told_apart_with_all_that_leads_there() -> None:
    documents = {
        "hr_networks": document("/v1/hr-networks", Item={"type": "string"}, Same={"type": "null"}),
        "training": document("/v1/training", Item={"type": "integer"}, Same={"type": "null"}),
    }

    joined = join(documents)

    schemas = joined["components"]["schemas"]
    assert schemas.keys() == {"HrNetworksItem", "HrNetworksPage", "TrainingItem", "TrainingPage", "Same"}
    assert schemas["TrainingPage"]["properties"]["item"]["$ref"] == "#/components/schemas/TrainingItem"
    answer = joined["paths"]["/v1/training"]["get"]["responses"]["200"]["content"]["application/json"]
    assert answer["schema"]["$ref"] == "#/components/schemas/TrainingPage"


def test_joining_changes_no_services_own_document() -> None:
    documents = {"a": document("/a", Item={"type": "string"}), "b": document("/b", Item={"type": "integer"})}
    before = copy.deepcopy(documents)

    join(documents)

    assert documents == before


def test_two_services_cannot_answer_one_address() -> None:
    with pytest.raises(Conflict):
        join({"a": document("/v1/x"), "b": document("/v1/x")})


@pytest.fixture(scope="module")
def committed() -> dict[str, Any]:
    return dict(msgspec.json.decode((DOCS / "openapi.json").read_bytes()))


def test_every_reference_leads_somewhere(committed: dict[str, Any]) -> None:
    text = msgspec.json.encode(committed).decode()
    wanted = {part.split('"')[0] for part in text.split('"#/components/')[1:]}

    assert {name for name in wanted if name.split("/")[1] not in committed["components"][name.split("/")[0]]} == set()


def test_every_operation_has_a_name_of_its_own_a_tag_and_a_french_title(committed: dict[str, Any]) -> None:
    found = [operation for _, _, operation in operations(committed)]

    assert len({operation["operationId"] for operation in found}) == len(found)
    assert [operation["operationId"] for operation in found if not operation.get("tags")] == []
    assert [operation["operationId"] for operation in found if not operation.get("summary")] == []


def test_the_committed_documents_are_those_of_the_routes() -> None:
    assert check() == 0


def test_a_document_out_of_date_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export(docs=tmp_path)
    assert check(docs=tmp_path) == 0
    (tmp_path / "openapi.json").write_text("{}")
    capsys.readouterr()

    assert check(docs=tmp_path) == 1
    assert capsys.readouterr().out == "openapi.json: out of date: bassin openapi export\n"
