"""What a guide tells an agent to send is what the platform takes: routes with their verb, bodies, refusals, pages."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from jsonschema import Draft202012Validator
from tests.architecture.applications import application

from common.local.provision import PUBLIC
from common.refusal import REFUSALS
from common.service import services
from common.tokens import FixedKeys

ROOT = Path(__file__).parents[2]
GUIDES = {page.name: page.read_text("utf-8") for page in sorted((ROOT / "docs/guide").glob("*.md"))}
API: dict[str, Any] = msgspec.json.decode((ROOT / "docs/openapi.json").read_bytes())
OPERATIONS = {
    (verb.upper(), re.sub(r"\{[^}]*\}", "{}", path)): operation
    for path, operations in API["paths"].items()
    for verb, operation in operations.items()
}
VERB = r"(?:GET|POST|PUT|PATCH|DELETE)"
CALL = re.compile(rf"`({VERB}) (/v1/[^\s`?]*)[^`]*`")
BODY = re.compile(r"```json\n(.*?)```|`(\{.*?\})`", re.DOTALL)
REFUSED = re.compile(r"\n## Si c'est refusé\n(.*)", re.DOTALL)
APPS = [application(name, FixedKeys({})) for name in sorted(services())]  # whose refusals are then known


class Example(NamedTuple):
    guide: str
    verb: str
    path: str
    body: str


def told(guide: str) -> Iterator[Example]:
    """Each body with the call before it; what a command prints has none."""
    text = re.sub(r"```sh\n.*?```\s*```json\n.*?```", "", GUIDES[guide], flags=re.DOTALL)
    found = sorted([*CALL.finditer(text), *BODY.finditer(text)], key=lambda each: each.start())
    verb = path = ""
    for each in found:
        if each.re is CALL:
            if each[1] != "GET":
                verb, path = each[1], re.sub(r"\{[^}]*\}", "{}", each[2])
        else:
            yield Example(guide, verb, path, each[1] or each[2])


EXAMPLES = [example for guide in GUIDES for example in told(guide)]


@pytest.mark.parametrize("guide", GUIDES)
def test_every_call_is_one_that_the_platform_answers(guide: str) -> None:
    calls = [(verb, re.sub(r"\{[^}]*\}", "{}", path)) for verb, path in CALL.findall(GUIDES[guide])]

    assert [call for call in calls if call not in OPERATIONS] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: f"{each.guide} {each.verb} {each.path}")
def test_every_body_is_one_that_the_platform_takes(example: Example) -> None:
    content = OPERATIONS[example.verb, example.path]["requestBody"]["content"]["application/json"]
    schema = {**content["schema"], "components": API["components"]}

    assert [error.message for error in Draft202012Validator(schema).iter_errors(sent(example.body))] == []


def test_a_body_that_is_not_taken_is_found() -> None:
    schema = OPERATIONS["POST", "/v1/training/offers/{}/editions"]["requestBody"]["content"]["application/json"]
    judge = Draft202012Validator({**schema["schema"], "components": API["components"]})

    assert not judge.is_valid({"year": "2027"})
    assert not judge.is_valid({"years": "2027-2028"})


def sent(body: str) -> Any:
    """With an id wherever the guide leaves a place for one."""
    return msgspec.json.decode(re.sub(r'"(?:\{[^}"]*\}|…)"', '"01a5f0f4-6f1c-7000-8000-000000000001"', body))


@pytest.mark.parametrize("guide", GUIDES)
def test_every_refusal_has_the_title_that_an_agent_reads(guide: str) -> None:
    titles = {refusal.title for refusal in REFUSALS.values()}
    table = REFUSED.search(GUIDES[guide])
    cells = re.findall(r"^\| (.+?) \|", table[1].replace("'", "’"), re.MULTILINE)[2:] if table else []

    assert [title for cell in cells for title in re.split(r", (?=[A-ZÉ])", cell) if title not in titles] == []


@pytest.mark.parametrize("guide", GUIDES)
def test_every_page_that_is_named_is_open_to_anybody(guide: str) -> None:
    named = re.findall(r"`(/[a-z]+(?:\.ics)?)`", GUIDES[guide])

    assert set(named) - {page for _, page in PUBLIC} - {"/schema", "/problems"} == set()
