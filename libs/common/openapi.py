"""What OpenAPI readers must know and Litestar does not say: refusals, our identifiers, closed bodies, French titles."""

import re
from collections.abc import Iterator
from datetime import time
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.enums import OpenAPIMediaType
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.plugins import OpenAPISchemaPlugin
from litestar.routes import HTTPRoute
from litestar.typing import FieldDefinition

from common.identifiers import Identifier, Numen
from common.problem import MEDIA_TYPE, Problem
from common.problem_pages import catalogue

SAID = {
    400: "Demande illisible : JSON, en-tête ou adresse mal formé",
    401: "Identité absente, expirée ou non vérifiée",
    403: "Aucun mandat ne permet cette action",
    404: "Objet inconnu",
    409: "Une règle s’y oppose",
    410: "Contenu effacé ; il n’en reste que la trace",
    412: "Objet modifié entre-temps (If-Match)",
    413: "Contenu trop volumineux",
    415: "Type de contenu non pris en charge",
    422: "Données non valides ; `errors` les désigne toutes",
    428: "En-tête If-Match absent",
    429: "Trop de demandes ; voir Retry-After",
    503: "Momentanément indisponible ; voir Retry-After",
}
ADDITIONAL = "Additional response"  # what Litestar says of a ResponseSpec without a description
DONE = {"200": "Fait", "201": "Créé", "202": "Accepté, en cours", "204": "Fait, sans contenu"}
ALWAYS = (400, 401, 403, 422, 429, 503)
WITH_RETRY = (409, 429, 503)
KEY = "IdempotencyKey"
KEY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Avec la même clé, pendant 72 heures, la même demande n’est faite qu’une fois.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$", "examples": ["0190f3a2-7c1e-7a54-9d7e-2f5b8c1d4e6a"]},
}
LINK_HEADER = {
    "description": "L’adresse de la page suivante, rel=next (RFC 8288) ; absent à la dernière page",
    "schema": {"type": "string"},
}
TIME_OF_DAY = r"^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$"
GENERIC = re.compile(r"(\w+)\[(\w+)\]")
METHODS = frozenset({"get", "post", "put", "patch", "delete", "head"})


class Values(OpenAPISchemaPlugin):
    """Our value types in the document, pattern and example; and times of day, which Litestar takes for durations."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        return isinstance(value, type) and issubclass(value, (Identifier, Numen, time))

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: object) -> Schema:
        kind = field_definition.annotation
        if issubclass(kind, time):
            return Schema(type=OpenAPIType.STRING, pattern=TIME_OF_DAY, examples=["11:30:00"])
        if issubclass(kind, Numen):
            return Schema(type=OpenAPIType.STRING, pattern=f"^{kind.pattern}$", write_only=True)
        return Schema(type=OpenAPIType.STRING, pattern=f"^(?:{kind.pattern})$", examples=[kind.example])


class Document(OpenAPIRenderPlugin):
    """/schema/openapi.json, completed."""

    def __init__(self, service: str) -> None:
        super().__init__(path="/openapi.json", media_type=OpenAPIMediaType.OPENAPI_JSON)
        self._service = service
        self._rendered: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        if self._rendered is None:
            self._rendered = msgspec.json.encode(completed(openapi_schema, self._service))
        return self._rendered


def refuses(*statuses: int) -> dict[int, ResponseSpec]:
    """For `responses=` of a route: what it refuses besides what its form tells already."""
    return {status: ResponseSpec(Problem, generate_examples=False) for status in statuses}


def refuse_random_examples(app: Litestar) -> None:
    """Litestar draws them anew at every start: the committed document would never be the served one."""
    for route in app.routes:
        for handler in route.route_handlers if isinstance(route, HTTPRoute) else ():
            for answer in (handler.responses or {}).values():
                answer.generate_examples = False


def document(app: Litestar, service: str) -> dict[str, Any]:
    """The service's OpenAPI document as it is committed."""
    return completed(app.openapi_schema.to_schema(), service)


def completed(document: dict[str, Any], service: str) -> dict[str, Any]:
    # Through JSON: what Litestar hands out is shared between readers and holds numbers and enums of its own.
    whole: dict[str, Any] = msgspec.json.decode(renamed(document))
    name_elements(whole)
    components = whole.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for path, method, operation in operations(whole):
        name_operation(operation)
        name_headers(operation, method)
        name_refusals(operation, path, method)
        close(operation.get("requestBody", {}), schemas, set())
    used = msgspec.json.encode(whole["paths"])
    shared = {f"Problem{status}": response(status) for status in SAID if b'/Problem%d"' % status in used}
    components["responses"] = components.get("responses", {}) | shared
    components["parameters"] = components.get("parameters", {}) | ({KEY: KEY_HEADER} if KEY.encode() in used else {})
    schemas.update(problem_schemas())
    whole["x-problems"] = msgspec.to_builtins(catalogue("common", service))
    return whole


def renamed(document: dict[str, Any]) -> bytes:
    """A generic answer is called Page_School, not after the module where School happens to be."""
    text = msgspec.json.encode(document)
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        if generic := GENERIC.fullmatch(schema.get("title", "")):
            text = text.replace(f'{name}"'.encode(), f'{generic[1]}_{generic[2]}"'.encode())
    return text


def name_elements(part: Any) -> None:
    """Litestar takes the dots of tuple[X, ...] for a type of their own: each element, being two things, fits none."""
    if isinstance(part, dict):
        kinds = part["items"].get("oneOf", []) if isinstance(part.get("items"), dict) else []
        if {} in kinds:
            named = [kind for kind in kinds if kind]
            part["items"] = named[0] if len(named) == 1 else {"oneOf": named}
    for element in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        name_elements(element)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document.get("paths", {}).items():
        for method, operation in item.items():
            if method in METHODS:
                yield path, method, operation


def name_operation(operation: dict[str, Any]) -> None:
    """The first sentence of the French docstring is the title; Litestar makes one of the function's name."""
    if operation.get("description"):
        first, _, rest = operation.pop("description").strip().partition("\n")
        operation["summary"] = first.rstrip(".")
        operation |= {"description": rest.strip()} if rest.strip() else {}
    for status, answer in operation["responses"].items():
        if answer.get("description") in (HTTPStatus(int(status)).description, ADDITIONAL):
            answer["description"] = DONE.get(status, "Réponse")


def name_headers(operation: dict[str, Any], method: str) -> None:
    """What `common.idempotency` and `common.pagination` do to every POST and every page."""
    if method == "post":
        operation.setdefault("parameters", []).append({"$ref": f"#/components/parameters/{KEY}"})
    content = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
    if content.get("schema", {}).get("$ref", "").startswith("#/components/schemas/Page_"):
        operation["responses"]["200"].setdefault("headers", {})["Link"] = LINK_HEADER


def name_refusals(operation: dict[str, Any], path: str, method: str) -> None:
    given = [part for part in operation.get("parameters", []) if "name" in part]
    headers = {part["name"].lower() for part in given if part["in"] == "header"}
    statuses = {*ALWAYS, *(int(status) for status in operation["responses"] if status >= "400")}
    statuses |= {404} if "{" in path else set()
    statuses |= {409} if method != "get" else set()
    statuses |= {413, 415} if "requestBody" in operation else set()
    statuses |= {412, 428} if "if-match" in headers else set()
    answers = {status: answer for status, answer in operation["responses"].items() if status < "400"}
    for status in sorted(statuses):
        answers[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    operation["responses"] = answers


def close(part: Any, schemas: dict[str, Any], seen: set[str]) -> None:
    """Whatever a request may hold refuses unknown fields: `http_app` has checked that."""
    if isinstance(part, list):
        for element in part:
            close(element, schemas, seen)
    if not isinstance(part, dict):
        return
    if isinstance(ref := part.get("$ref"), str) and ref not in seen:
        seen.add(ref)
        close(schemas[ref.rsplit("/", 1)[1]], schemas, seen)
    if isinstance(part.get("properties"), dict):
        part["additionalProperties"] = False
    for element in part.values():
        close(element, schemas, seen)


def response(status: int) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    retry = {"description": "Secondes à attendre", "schema": {"type": "integer", "minimum": 0}}
    headers = {"headers": {"Retry-After": retry}} if status in WITH_RETRY else {}
    return {"description": SAID[status], **headers, "content": content}


def problem_schemas() -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components([Problem], ref_template="#/components/schemas/{name}")
    return dict(schemas)
