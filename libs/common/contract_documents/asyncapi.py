"""The AsyncAPI document: every topic, message, producer and listener, made from the contracts and the registries."""

import re
from collections.abc import Iterable, Mapping
from inspect import cleandoc
from typing import Any, TypeAlias

import msgspec

from common.contract_documents.samples import Sample
from common.contract_documents.schemas import Schema, schema, schema_id
from common.contracts.catalogue import CONTRACTS, PRODUCERS
from common.contracts.events import Contract, Event, Stream, StreamKind
from common.handlers import Table
from common.topics import configs

Json: TypeAlias = dict[str, Any]

PARTITIONS, REPLICAS = 12, 3  # of production; a demonstration has 3 and 1
BINDING = "0.5.0"
HEADERS = "CloudEventHeaders"
UUID: Schema = {"type": "string", "format": "uuid"}

# Written by common.outbox, except ce_aggregateversion, which the relay adds from the outbox row.
HEADER_SCHEMA: Schema = {
    "type": "object",
    "description": "CloudEvents 1.0.2, Kafka binary mode. Every value is ASCII text, never null.",
    "properties": {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {**UUID, "description": "UUIDv7, of this event alone"},
        "ce_source": {"type": "string", "pattern": "^/academies/[0-9]{2}/[a-z_]+$"},
        "ce_type": {"type": "string", "pattern": r"^fr\.bassin\.[a-z_]+\.[a-z_]+\.v[1-9][0-9]*$"},
        "ce_subject": {**UUID, "description": "The aggregate; also the key of the record"},
        "ce_time": {"type": "string", "format": "date-time", "description": "Business time of the decision, UTC"},
        "ce_dataschema": {"type": "string", "pattern": "^urn:bassin:schema:"},
        "content-type": {"type": "string", "const": "application/json"},
        "ce_academie": {"type": "string", "pattern": "^[0-9]{2}$", "description": "Code of the owner"},
        "ce_academies": {
            "type": "string",
            "pattern": "^[0-9]{2}(,[0-9]{2})*$",
            "description": "Who may see it, the owner included",
        },
        "ce_aggregateversion": {
            "type": "string",
            "pattern": "^[1-9][0-9]*$",
            "description": "Of the subject on this stream, from 1 without gap; a listener applies each version once",
        },
        "ce_correlationid": {"type": "string"},
        "ce_causationid": {**UUID, "description": "The event that set this one off"},
        "traceparent": {"type": "string", "description": "W3C Trace Context"},
    },
}
HEADER_SCHEMA["required"] = [name for name in HEADER_SCHEMA["properties"] if name != "ce_causationid"]


def document(tables: Iterable[Table], samples: Mapping[str, Sample], version: str) -> Json:
    contracts = list(CONTRACTS.values())
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Bassin: events between the services",
            "version": version,
            "description": "Who publishes what, on which topic, and who listens. Generated: `bassin contracts export`.",
            "license": {"name": "EUPL-1.2", "url": "https://interoperable-europe.ec.europa.eu/collection/eupl"},
        },
        "defaultContentType": "application/json",
        "channels": {s.name: channel(s, c) for c in contracts for s in c.streams},
        "operations": {
            **{f"{c.service}.publishes.{s.name}": publishes(s, c) for c in contracts for s in c.streams},
            **{f"{t.service}.hears.{stream}": hears(t, stream) for t in tables for stream in t.streams},
        },
        "components": {
            "messages": {e.ce_type: message(e, samples.get(e.ce_type)) for c in contracts for e in c.events},
            "schemas": {HEADERS: HEADER_SCHEMA, **payloads(contracts)},
        },
    }


def channel(stream: Stream, contract: Contract) -> Json:
    settings = configs(stream, REPLICAS)
    topic: Json = {"cleanup.policy": [settings["cleanup.policy"]]}
    if "retention.ms" in settings:
        topic["retention.ms"] = int(settings["retention.ms"])
    return {
        "address": stream.behind,
        "description": described(stream, contract),
        "messages": {e.ce_type: {"$ref": f"#/components/messages/{e.ce_type}"} for e in carried(stream, contract)},
        "bindings": {
            "kafka": {
                "topic": stream.behind,
                "partitions": PARTITIONS,
                "replicas": REPLICAS,
                "topicConfiguration": topic,
                "bindingVersion": BINDING,
            }
        },
        "x-topic-configuration": settings,
        **({"x-only-listeners": [*named]} if (named := contract.listeners.get(stream.name)) is not None else {}),
    }


def described(stream: Stream, contract: Contract) -> str:
    match stream.kind:
        case StreamKind.FACTS:
            text = f"What {contract.service} decided: one record a decision, kept for ever, without personal data."
        case StreamKind.STATE:
            text = f"What is, as {contract.service} knows it: compacted, the last record of a key is its whole state."
    named = contract.listeners.get(stream.name)
    return text if named is None else f"{text} Personal data: only {' and '.join(named)} may listen."


def carried(stream: Stream, contract: Contract) -> list[type[Event]]:
    return [event for event in contract.events if event.stream == stream.name]


def publishes(stream: Stream, contract: Contract) -> Json:
    types = [event.ce_type for event in carried(stream, contract)]
    return {
        **operation("send", stream.name, types),
        "summary": f"{contract.service} publishes {stream.name}",
    }


def hears(table: Table, stream: str) -> Json:
    heard = {h.event.ce_type: None for h in table.handlers if h.event.stream == stream}
    return {
        **operation("receive", stream, list(heard)),
        "summary": f"{table.service} listens to {PRODUCERS[stream]}",
        "bindings": {
            "kafka": {
                "groupId": {"type": "string", "const": f"bassin.{table.service}"},
                "bindingVersion": BINDING,
            }
        },
    }


def operation(action: str, stream: str, types: list[str]) -> Json:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{stream}"},
        "messages": [{"$ref": f"#/channels/{stream}/messages/{ce_type}"} for ce_type in types],
    }


def message(event: type[Event], sample: Sample | None) -> Json:
    exact = {
        "ce_type": {"type": "string", "const": event.ce_type},
        "ce_dataschema": {"type": "string", "const": schema_id(event.ce_type)},
    }
    examples = [] if sample is None else [{"headers": sample.headers, "payload": msgspec.json.decode(sample.value)}]
    return {
        "name": event.ce_type,
        "title": event.__name__,
        "summary": said_of(event),
        "headers": {"allOf": [{"$ref": f"#/components/schemas/{HEADERS}"}, {"type": "object", "properties": exact}]},
        "payload": {"$ref": f"#/components/schemas/{event.ce_type}"},
        "bindings": {"kafka": {"key": {**UUID, "description": "The subject"}, "bindingVersion": BINDING}},
        **({"examples": examples} if examples else {}),
    }


def said_of(event: type[Event]) -> str:
    """The first line of its docstring, led by its name where that line says only what `subject` is."""
    words = re.findall(r"[A-Z][a-z]*", event.__name__)
    name = " ".join([words[0], *(word.lower() for word in words[1:])])
    lines = [doc.partition("\n")[0] for doc in own_docs(event)]
    line = next(iter(lines), "")
    return line if line and not line.startswith("`") else ". ".join(filter(None, [name, line]))


def own_docs(event: type[Event]) -> list[str]:
    """Its docstring and those of what it inherits, up to what every event is."""
    classes = event.__mro__[: event.__mro__.index(Event)]
    return [cleandoc(doc) for kind in classes if (doc := vars(kind).get("__doc__"))]


def payloads(contracts: Iterable[Contract]) -> Json:
    """Each event under its ce_type, what it is made of under `<ce_type>.<name>`."""
    found: Json = {}
    for event in (event for contract in contracts for event in contract.events):
        own = schema(event)
        root = own["$ref"].rpartition("/")[2]
        for name, definition in own["$defs"].items():
            found[place(event, name, root)] = moved(definition, event, root)
    return found


def place(event: type[Event], name: str, root: str) -> str:
    return event.ce_type if name == root else f"{event.ce_type}.{name}"


def moved(node: Any, event: type[Event], root: str) -> Any:
    """The same schema with its references pointing into this document."""
    if isinstance(node, list):
        return [moved(part, event, root) for part in node]
    if not isinstance(node, dict):
        return node
    return {
        key: f"#/components/schemas/{place(event, part.rpartition('/')[2], root)}"
        if key == "$ref"
        else moved(part, event, root)
        for key, part in node.items()
    }
