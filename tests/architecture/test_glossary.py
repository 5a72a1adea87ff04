"""docs/glossaire.md decides what a notion is called: no name uses the words it rules out, and none has accents."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pytest

Modules: TypeAlias = Mapping[Path, ast.Module]
Forbidden: TypeAlias = Mapping[str, str]  # word -> the term it must not stand for

HEADING = "| Terme | En code | Jamais | Sens et source |"
GOVERNED = (("services",), ("libs", "common", "contracts"))
# A word of a name: snake, kebab and camel case, and capitals that stand together (HTTPError is http, error).
WORD = re.compile(r"[^\W\d_]?[^\W\d_A-ZÀ-Ý]+|[A-ZÀ-Ý]+(?![^\W\d_A-ZÀ-Ý])")
SAID_BY_OPENAPI = frozenset({"operationId", "name", "code"})
NAMED_BY_OPENAPI = frozenset({"paths", "properties", "schemas"})


@pytest.fixture(scope="session")
def forbidden(root: Path) -> Forbidden:
    return ruled_out((root / "docs/glossaire.md").read_text("utf-8"))


def test_the_glossary_can_be_read(forbidden: Forbidden) -> None:
    assert len(forbidden) > 10
    assert all(re.fullmatch("[a-z]+", word) for word in forbidden)


def test_no_word_is_ruled_out_by_one_term_and_used_by_another(root: Path, forbidden: Forbidden) -> None:
    used = [name for row in rows((root / "docs/glossaire.md").read_text("utf-8")) for name in quoted(row[1])]

    assert list(misnamed(used, forbidden)) == []


def test_no_identifier_of_the_domain_says_what_the_glossary_rules_out(modules: Modules, forbidden: Forbidden) -> None:
    governed = {file: tree for file, tree in modules.items() if is_governed(file)}
    wrong = {
        str(file): found
        for file, tree in governed.items()
        if (found := sorted(set(misnamed([*file.with_suffix("").parts, *identifiers(tree)], forbidden))))
    }

    assert len(governed) > 20
    assert wrong == {}


def test_no_table_and_no_column_says_what_the_glossary_rules_out(root: Path, forbidden: Forbidden) -> None:
    files = [file for source in GOVERNED for file in root.joinpath(*source).rglob("*.sql")]
    wrong = {file.name: found for file in files if (found := sorted(set(misnamed(names_in_sql(file), forbidden))))}

    assert len(files) >= 2
    assert wrong == {}


def test_no_address_and_no_field_says_what_the_glossary_rules_out(root: Path, forbidden: Forbidden) -> None:
    names = set(public_names(msgspec.json.decode((root / "docs/openapi.json").read_bytes(), type=dict[str, Any])))

    assert {"/v1/hr-networks/campaigns", "academie", "census-closed"} <= names
    assert sorted(misnamed(names, forbidden)) == []


def test_no_identifier_has_an_accent(modules: Modules) -> None:
    wrong = {str(file): names for file, tree in modules.items() if (names := sorted(set(accented(tree))))}

    assert wrong == {}


@pytest.mark.parametrize("name", ["basin_code", "openBasins", "BasinState", "/v1/basins/{code}", "HTTPBasin"])
def test_a_forbidden_word_is_found_wherever_it_stands_in_a_name(name: str) -> None:
    assert list(misnamed([name, "abasing"], {"basin": "bassin"})) == [f"{name}: basin is bassin here"]


def test_names_are_found_in_every_place_python_has_for_them() -> None:
    tree = ast.parse("import a as b\nclass C:\n    d: int = 0\ndef e(f, *, g, **h):\n    i.j = k(l=1)\n    return é")

    assert set("abCdefghijkl") <= set(identifiers(tree))
    assert list(accented(tree)) == ["é"]


def rows(glossary: str) -> list[list[str]]:
    """The cells of each line of the one table."""
    after = glossary.partition(HEADING)[2]
    assert after, f"docs/glossaire.md has no table headed {HEADING}"
    lines = [line for line in after.splitlines() if line.startswith("|") and not set(line) <= set("|- :")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def ruled_out(glossary: str) -> Forbidden:
    return {word: term for term, _, never, *_ in rows(glossary) for word in quoted(never)}


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def is_governed(file: Path) -> bool:
    return any(file.parts[: len(root)] == root for root in GOVERNED)


def misnamed(names: Any, forbidden: Forbidden) -> Iterator[str]:
    for name in names:
        for word in words(name):
            for said in (word, word.removesuffix("s"), word.removesuffix("es")):
                if said in forbidden:
                    yield f"{name}: {said} is {forbidden[said]} here"
                    break


def words(name: str) -> Iterator[str]:
    return (word.lower() for word in WORD.findall(name))


def identifiers(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name", "asname"):
            if isinstance(name := getattr(node, field, None), str):
                yield name


def accented(tree: ast.AST) -> Iterator[str]:
    return (name for name in identifiers(tree) if not name.isascii())


def names_in_sql(file: Path) -> list[str]:
    return re.findall(r"[^\W\d]\w*", re.sub(r"--.*|'(?:[^']|'')*'", "", file.read_text("utf-8")))


def public_names(part: Any) -> Iterator[str]:
    """Addresses, fields, parameters, schemas, operations and refusals of the joined document."""
    if isinstance(part, list):
        for element in part:
            yield from public_names(element)
    if isinstance(part, dict):
        for key, value in part.items():
            if key in NAMED_BY_OPENAPI and isinstance(value, dict):
                yield from value
            if key in SAID_BY_OPENAPI and isinstance(value, str):
                yield value
            if key != "tags":  # French headings for readers
                yield from public_names(value)
