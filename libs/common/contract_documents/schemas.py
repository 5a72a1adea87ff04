"""The JSON Schema of each event, committed: what a listener in another language, or next year's release, relies on."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec

from common.contracts.events import Event
from common.identifiers import schema_hook

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema: TypeAlias = dict[str, Any]


def schema(event: type[Event]) -> Schema:
    """One self-contained document, the same bytes every time."""
    (root,), definitions = msgspec.json.schema_components(
        [event], schema_hook=schema_hook, ref_template="#/$defs/{name}"
    )
    return {
        "$schema": DIALECT,
        "$id": schema_id(event.ce_type),
        **root,
        "x-stream": event.stream,
        "$defs": dict(sorted(definitions.items())),
    }


def schema_id(ce_type: str) -> str:
    """What the header `ce_dataschema` says."""
    return f"urn:bassin:schema:{ce_type}"


def unfit(document: Schema) -> list[str]:
    """What no event may have, however new it is: each of these would stop a listener that is one release behind."""
    root = resolved(document, document)
    found = [] if "properties" in root else ["$: not an object: it could never gain a field"]
    for path, node in nodes(document, document, "$"):
        if "enum" in node or "const" in node:
            found.append(f"{path}: a closed set: an older listener could not decode a new member; use str")
        if "discriminator" in node:
            found.append(f"{path}: a tagged union: an older listener could not decode a new tag")
        if node.get("additionalProperties") is False:
            found.append(f"{path}: refuses unknown fields: it could never gain one")
        if "prefixItems" in node:
            found.append(f"{path}: a tuple of fixed length: its places have no names; use a Struct")
    return found


def nodes(document: Schema, node: Any, path: str, seen: frozenset[str] = frozenset()) -> Iterator[tuple[str, Schema]]:
    """Every schema below `node`, references followed once, with its JSONPath."""
    if isinstance(node, list):
        for place, part in enumerate(node):
            yield from nodes(document, part, f"{path}|{place}", seen)
    if not isinstance(node, dict) or node.get("$ref") in seen:
        return
    seen |= {node["$ref"]} if "$ref" in node else set()
    node = resolved(document, node)
    yield path, node
    for name, part in node.get("properties", {}).items():
        yield from nodes(document, part, f"{path}.{name}", seen)
    for key, mark in (("items", "[]"), ("additionalProperties", ".*"), ("anyOf", ""), ("prefixItems", "")):
        yield from nodes(document, node.get(key), f"{path}{mark}", seen)


def resolved(document: Schema, node: Schema) -> Schema:
    """The node itself, or the definition it refers to with what is said beside the reference."""
    if (reference := node.get("$ref")) is None:
        return node
    definition: Schema = document["$defs"][reference.rpartition("/")[2]]
    return {**definition, **{key: value for key, value in node.items() if key != "$ref"}}
