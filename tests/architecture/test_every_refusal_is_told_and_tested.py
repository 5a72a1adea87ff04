"""Every refusal has a code of its own, a line in the OpenAPI document that the gateway shows, and a test."""

import ast
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from common.problem_pages import COMMON
from common.refusal import Refusal
from common.service import load, services
from gateway import main, openapi

HERE = Path(__file__)
LOADED = [main, *(load(name) for name in services())]  # all that may refuse
PACKAGES = {"common", "gateway", *services()}


def refusals(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for each in kind.__subclasses__():
        yield from refusals(each)
        if each.__module__.split(".")[0] in PACKAGES:  # and not of a test
            yield each


REFUSALS: list[type[Refusal]] = [Refusal, *sorted(set(refusals(Refusal)), key=lambda kind: kind.code)]


@pytest.fixture(scope="module")
def named() -> set[str]:
    """The words of all tests: strings, each also without /problems/ before it, and the classes that they use."""
    words: set[str] = set()
    for file in HERE.parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))) if file != HERE else ():
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.add(node.value.removeprefix("/problems/"))
            elif isinstance(node, ast.Name):
                words.add(node.id)
    return words


def test_every_refusal_has_a_code_of_its_own() -> None:
    assert len(REFUSALS) > 150
    assert len({kind.code for kind in REFUSALS}) == len(REFUSALS)


def test_every_refusal_stands_in_the_document() -> None:
    document = msgspec.json.decode(openapi.joined())
    listed = [(kind["code"], kind["title"], kind["status"]) for kind in document["x-problems"]]

    assert listed == sorted((kind.code, kind.title, kind.status) for kind in REFUSALS)


def test_the_refusals_of_the_platform_come_from_the_modules_that_every_service_loads() -> None:
    assert {kind.__module__ for kind in REFUSALS if kind.__module__.startswith("common.")} == set(COMMON)


def test_every_refusal_is_named_by_a_test(named: set[str]) -> None:
    assert [kind for kind in REFUSALS if not {kind.code, kind.__name__} & named] == []
