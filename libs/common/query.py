"""A misspelt filter must be told, not dropped, as a misspelt field is: the answer would be about something else."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from litestar import Litestar, Request
from litestar.handlers import BaseRouteHandler
from litestar.routes import HTTPRoute

from common.refusal import FieldError, Malformed

Declared: TypeAlias = Mapping[BaseRouteHandler, Mapping[str, bool]]


def declared(app: Litestar) -> Declared:
    """Of each route, the parameters that it and its dependencies read, and whether they may be repeated."""
    return {
        handler: {parameter.field_alias: parameter.is_sequence for parameter in model.expected_query_params}
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler, model in route.route_handler_map.values()
        if handler.resolve_include_in_schema()
    }


def refuse_unknown_parameters(request: Request[Any, Any, Any], known: Declared) -> None:
    """Pages that no document describes are left alone: a link to them may carry anything."""
    parameters = known.get(request.route_handler)
    if parameters is None or not request.scope["query_string"]:
        return
    errors = list(_wrong(request.scope["query_string"], parameters))
    if errors:
        raise Malformed("Un ou plusieurs paramètres ne sont pas valides.", errors=errors)


def _wrong(query: bytes, parameters: Mapping[str, bool]) -> Iterator[FieldError]:
    asked = Counter(name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    for name, times in asked.items():
        pointer = f"/query/{name}"
        if name not in parameters:
            yield FieldError(pointer=pointer, detail="Ce paramètre n’existe pas", code="unknown-parameter")
        elif times > 1 and not parameters[name]:
            yield FieldError(pointer=pointer, detail="Ce paramètre n’est attendu qu’une fois", code="repeated")
