"""Reading a request's JSON strictly and once: Litestar's own way turns "3" into 3 and tells one error at a time."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.routes import HTTPRoute
from msgspec import Struct, inspect

from common.french_errors import in_french
from common.identifiers import dec_hook
from common.protocol import BadJson, BadRequest, UnsupportedMediaType
from common.refusal import FieldError, Malformed
from common.validation import escaped, problems_of

ONCE = (b"authorization", b"content-length", b"content-type", b"idempotency-key")


class IncomingRequest(Request[Any, Any, Any]):
    """The request class of every service."""

    async def json(self) -> Any:
        """Decode the body into what the handler declares as `data`.

        Raises:
            UnsupportedMediaType: it is not announced as JSON.
            BadJson: it is not JSON.
            Malformed: it is not what is declared; all errors are told.
        """
        media_type, options = self.content_type
        if media_type != "application/json" or options.get("charset", "utf-8").lower() != "utf-8":
            raise UnsupportedMediaType("Le corps doit être du JSON, annoncé par « Content-Type: application/json ».")
        body = await self.body()
        value = decoded(body, self.route_handler.parsed_fn_signature.parameters["data"].annotation)
        if (b"\\u0000" in body or b"\0" in body) and (errors := list(nul_characters(msgspec.json.decode(body), ""))):
            raise Malformed("Un texte contient un caractère nul.", errors=errors)
        return value


def decoded(body: bytes, kind: Any) -> Any:
    try:
        return decoder(kind).decode(body)
    except msgspec.ValidationError as error:
        raise malformed(body, kind, error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadJson("Le corps de la demande n’est pas un document JSON lisible.") from error


@cache
def decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, dec_hook=dec_hook)


def malformed(body: bytes, kind: Any, error: msgspec.ValidationError) -> Malformed:
    try:
        errors = problems_of(msgspec.json.decode(body), kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as unreadable:
        raise BadJson("Le corps de la demande n’est pas un document JSON lisible.") from unreadable
    if not errors:  # seen by the decoder only
        code, detail = in_french(str(error), error.__cause__)
        errors = [FieldError(pointer="", detail=detail, code=code)]
    return Malformed(f"{len(errors)} donnée(s) à corriger.", errors=errors)


def nul_characters(value: Any, pointer: str) -> Iterator[FieldError]:
    """PostgreSQL cannot store them: told here, they would be a failure there."""
    match value:
        case str() if "\0" in value:
            yield FieldError(pointer=pointer, detail="Le caractère nul n’est pas admis", code="nul-character")
        case dict():
            for key, part in value.items():
                yield from nul_characters(key, pointer)
                yield from nul_characters(part, f"{pointer}/{escaped(key)}")
        case list():
            for index, part in enumerate(value):
                yield from nul_characters(part, f"{pointer}/{index}")


def refuse_nul_in_address(request: Request[Any, Any, Any]) -> None:
    if "\0" in request.scope["path"] or b"%00" in request.scope["query_string"]:
        raise BadRequest("L’adresse contient un caractère nul.")


def refuse_repeated_headers(request: Request[Any, Any, Any]) -> None:
    """Two programs on the way might each believe another of them."""
    names = [name for name, _ in request.scope["headers"]]
    for name in ONCE:
        if names.count(name) > 1:
            raise BadRequest(f"L’en-tête {name.decode()} n’est attendu qu’une fois.")


def refuse_open_bodies(app: Litestar) -> None:
    """A misspelt field must be told, not dropped: every Struct that a request can hold forbids unknown fields."""
    for route in app.routes:
        for handler in route.route_handlers if isinstance(route, HTTPRoute) else ():
            body = handler.parsed_fn_signature.parameters.get("data")
            for kind in set() if body is None else structs_in(inspect.type_info(body.annotation)):
                if not kind.__struct_config__.forbid_unknown_fields:
                    raise TypeError(f"{kind.__qualname__}, read by {handler}, must have forbid_unknown_fields=True")


def structs_in(part: object, seen: frozenset[type] = frozenset()) -> set[type[Struct]]:
    if isinstance(part, inspect.StructType):
        if part.cls in seen:
            return set()
        return {part.cls}.union(*(structs_in(field.type, seen | {part.cls}) for field in part.fields))
    if isinstance(part, inspect.Type):
        parts: Iterable[object] = [getattr(part, name) for name in part.__struct_fields__]
    else:
        parts = part if isinstance(part, tuple) else ()
    return set[type[Struct]]().union(*(structs_in(element, seen) for element in parts))
