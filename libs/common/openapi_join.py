"""One OpenAPI document of many: what a client of the platform reads, whatever service answers."""

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from common.openapi import operations
from common.problem import MEDIA_TYPE

Document = dict[str, Any]
Key = tuple[str, str]  # section and name
REFERENCE = re.compile(r"#/components/(\w+)/(.+)")
DESCRIPTION = (
    "Coordination entre les services, les établissements et les académies d’une région académique. "
    "Toute demande porte un jeton du fournisseur d’identité de l’académie ; chaque refus est décrit à /problems."
)


PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
OF_THE_GATEWAY = {  # what no service answers
    "502": {
        "description": "Le service n’a pas répondu jusqu’au bout : la demande a pu être exécutée",
        "content": PROBLEM,
    },
    "504": {"description": "Le service n’a pas répondu à temps : la demande a pu être exécutée", "content": PROBLEM},
}


class Conflict(ValueError):
    """Two services answer the same address."""


def join(documents: Mapping[str, Document], *, version: str = "0.1.0") -> Document:
    """The documents of the services, by name, as one; what two of them call alike and mean otherwise gets a prefix."""
    apart = ambiguous(documents.values())
    parts = [named_apart(name, copy.deepcopy(document), apart) for name, document in sorted(documents.items())]
    for part in parts:
        for _, _, operation in operations(part):
            operation["responses"] |= {
                code: {"$ref": f"#/components/responses/Problem{code}"} for code in OF_THE_GATEWAY
            }
    problems = {kind["code"]: kind for part in parts for kind in part.get("x-problems", [])}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bassin",
            "version": version,
            "description": DESCRIPTION,
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "servers": [{"url": "/", "description": "La passerelle"}],
        "security": parts[0]["security"] if parts else [],
        "tags": list({tag["name"]: tag for part in parts for tag in part.get("tags", [])}.values()),
        "paths": dict(sorted(_paths(parts))),
        "components": _joined_components(parts),
        "x-problems": [problems[code] for code in sorted(problems)],
    }


def ambiguous(documents: Iterable[Document]) -> set[Key]:
    """Components that two documents define differently, and those in both that lead to such a one."""
    said: dict[Key, list[Any]] = {}
    for document in documents:
        for key, component in _components(document):
            said.setdefault(key, []).append(component)
    found = {key for key, versions in said.items() if any(version != versions[0] for version in versions)}
    shared = {key: set(_references(versions[0])) for key, versions in said.items() if len(versions) > 1}
    while more := {key for key, references in shared.items() if key not in found and references & found}:
        found |= more
    return found


def named_apart(name: str, document: Document, apart: set[Key]) -> Document:
    """The document with its ambiguous components under names of its own."""
    prefix = "".join(part.title() for part in name.split("_"))
    for section, known in document.get("components", {}).items():
        document["components"][section] = {
            f"{prefix}{component}" if (section, component) in apart else component: said
            for component, said in known.items()
        }
    _redirect(document, apart, prefix)
    return document


def _components(document: Document) -> Iterator[tuple[Key, Any]]:
    for section, known in document.get("components", {}).items():
        for component, said in known.items():
            yield (section, component), said


def _references(part: Any) -> Iterator[Key]:
    for holder in _holders(part):
        found = REFERENCE.fullmatch(holder["$ref"])
        if found:
            yield found[1], found[2]


def _redirect(document: Document, apart: set[Key], prefix: str) -> None:
    for holder in _holders(document):
        found = REFERENCE.fullmatch(holder["$ref"])
        if found and (found[1], found[2]) in apart:
            holder["$ref"] = f"#/components/{found[1]}/{prefix}{found[2]}"


def _holders(part: Any) -> Iterator[Document]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part
        for value in part.values():
            yield from _holders(value)
    elif isinstance(part, list):
        for value in part:
            yield from _holders(value)


def _paths(documents: Iterable[Document]) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    for document in documents:
        for path, item in document.get("paths", {}).items():
            if path in seen:
                raise Conflict(f"{path} is answered by two services")
            seen.add(path)
            yield path, item


def _joined_components(documents: Iterable[Document]) -> Document:
    joined: Document = {"responses": {f"Problem{code}": said for code, said in OF_THE_GATEWAY.items()}}
    for document in documents:
        for section, known in document["components"].items():
            joined.setdefault(section, {}).update(known)
    return {section: dict(sorted(known.items())) for section, known in sorted(joined.items())}
