"""docs/asyncapi.json as a reader walks it: every reference leads somewhere, and nothing of the contracts is left out.

That it is AsyncAPI 3.0 is said by redocly, in `make check`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from common.contracts.catalogue import CONTRACTS, EVENTS, STREAMS
from common.service import load, services
from common.topics import configs

FILE = Path(__file__).parents[2] / "docs" / "asyncapi.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    read: dict[str, Any] = msgspec.json.decode(FILE.read_bytes())
    return read


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        for part in node.values():
            yield from references(part)
    if isinstance(node, list):
        for part in node:
            yield from references(part)


def at(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    assert [r for r in references(document) if not r.startswith("#/") or at(document, r) is None] == []


def test_every_stream_is_a_channel_with_the_settings_of_its_topic(document: dict[str, Any]) -> None:
    assert document["channels"].keys() == STREAMS.keys()
    for name, channel in document["channels"].items():
        kafka = channel["bindings"]["kafka"]
        assert channel["address"] == kafka["topic"] == STREAMS[name].behind
        assert channel["x-topic-configuration"] == configs(STREAMS[name], kafka["replicas"])
        assert kafka["topicConfiguration"]["cleanup.policy"] == [configs(STREAMS[name], 3)["cleanup.policy"]]


def test_every_event_is_a_message_whose_example_is_what_it_says(document: dict[str, Any]) -> None:
    messages = document["components"]["messages"]

    assert messages.keys() == EVENTS.keys()
    for message in messages.values():
        for part in ("headers", "payload"):
            promised = {**document, **message[part]}
            Draft202012Validator(promised, format_checker=FormatChecker()).validate(message["examples"][0][part])


def test_it_says_who_publishes_and_who_listens(document: dict[str, Any]) -> None:
    said = {(key, m["$ref"].rpartition("/")[2]) for key, o in document["operations"].items() for m in o["messages"]}
    published = {(f"{c.service}.publishes.{e.stream}", e.ce_type) for c in CONTRACTS.values() for e in c.events}
    tables = [load(name).table() for name in services()]
    heard = {(f"{t.service}.hears.{h.event.stream}", h.event.ce_type) for t in tables for h in t.handlers}

    assert said == published | heard
    assert {o["action"] for key, o in document["operations"].items() if ".hears." in key} == {"receive"}
    assert {o["action"] for key, o in document["operations"].items() if ".publishes." in key} == {"send"}
