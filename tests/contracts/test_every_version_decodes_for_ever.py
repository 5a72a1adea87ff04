"""The committed samples, one record of each version, against the contract, every listener and the CloudEvents SDK."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import msgspec
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from jsonschema import Draft202012Validator, FormatChecker

from common import envelope
from common.contract_documents import export, samples
from common.contract_documents.asyncapi import HEADER_SCHEMA
from common.contract_documents.samples import Sample
from common.contracts.catalogue import EVENTS, PRODUCERS, STREAMS
from common.contracts.events import Event, Fact
from common.handlers import Projection, Table
from common.outbox import source
from common.service import load, services
from common.tx import ProjectionTx

DOCS = Path(__file__).parents[2] / "docs"
SAMPLES = samples.read(DOCS / export.SAMPLES)
UPCAST_TO = {older: event for event in EVENTS.values() for older in event.upcasts}


@pytest.mark.parametrize("ce_type", [*EVENTS, *UPCAST_TO])
def test_every_version_has_a_sample(ce_type: str) -> None:
    assert ce_type in SAMPLES, f"write {DOCS / export.SAMPLES / ce_type}.json: one real record, headers and value"


@pytest.mark.parametrize("ce_type", SAMPLES)
def test_the_contract_decodes_it_and_loses_nothing(ce_type: str) -> None:
    event = EVENTS.get(ce_type)
    if event is None:
        assert decoded_by(UPCAST_TO[ce_type], SAMPLES[ce_type]) is not None
        return

    again = msgspec.json.decode(msgspec.json.encode(msgspec.json.decode(SAMPLES[ce_type].value, type=event)))

    assert again.items() >= msgspec.json.decode(SAMPLES[ce_type].value).items()


@pytest.mark.parametrize("name", sorted(services()))
@pytest.mark.parametrize("ce_type", SAMPLES)
def test_every_listener_decodes_what_it_hears_and_passes_over_the_rest(ce_type: str, name: str) -> None:
    table = load(name).table()
    sample = SAMPLES[ce_type]

    event = table.decode(ce_type, sample.value.encode())

    heard = [h for h in table.handlers if ce_type in (h.event.ce_type, *h.event.upcasts)]
    if heard:
        assert isinstance(event, heard[0].event)
        assert str(event.subject) == sample.key
    else:
        assert event is None


@pytest.mark.parametrize("ce_type", SAMPLES)
def test_its_headers_are_what_the_inbox_reads(ce_type: str) -> None:
    sample = SAMPLES[ce_type]

    seen = envelope.read(sample.raw_headers())

    assert seen.type == ce_type
    assert str(seen.subject) == sample.key == msgspec.json.decode(sample.value)["subject"]
    assert seen.source == source(seen.academie, PRODUCERS[sample.topic])


@pytest.mark.parametrize("ce_type", SAMPLES)
def test_its_headers_are_cloudevents_in_binary_mode(ce_type: str) -> None:
    assert_cloudevent(SAMPLES[ce_type], ce_type)


def assert_cloudevent(sample: Sample, ce_type: str) -> None:
    """The SDK refuses an attribute that is missing, empty, badly named or of the wrong type."""
    message = KafkaMessage(headers=dict(sample.raw_headers()), key=sample.key.encode(), value=sample.value.encode())
    read = from_binary_event(message)
    assert read.get_specversion() == "1.0"
    assert read.get_type() == ce_type
    assert read.get_datacontenttype() == "application/json"
    assert read.get_data() == msgspec.json.decode(sample.value)
    assert (when := read.get_time()) is not None
    assert when.tzinfo is not None


@pytest.mark.parametrize("ce_type", SAMPLES)
def test_value_and_headers_are_what_the_committed_schemas_promise(ce_type: str) -> None:
    sample = SAMPLES[ce_type]
    promised: dict[str, Any] = msgspec.json.decode((DOCS / export.schema_file(ce_type)).read_bytes())

    validate(promised, msgspec.json.decode(sample.value))
    validate(HEADER_SCHEMA, sample.headers)
    assert sample.headers["ce_dataschema"] == promised["$id"]
    assert sample.topic in (promised["x-stream"], STREAMS[promised["x-stream"]].behind)


def validate(promised: Mapping[str, Any], value: object) -> None:
    Draft202012Validator(promised, format_checker=FormatChecker()).validate(value)


class ReunionPlanned(Event, frozen=True, kw_only=True):
    """The second version of a type that only this test knows: its first had one place and counted in half days."""

    stream: ClassVar[str] = "bassin.hr_networks"
    ce_type: ClassVar[str] = "fr.bassin.hr_networks.reunion_planned.v2"
    upcasts: ClassVar[Mapping[str, Any]] = {
        "fr.bassin.hr_networks.reunion_planned.v1": lambda old: {
            "subject": old["subject"],
            "communes": [old["commune"]],
            "hours": old["half_days"] * 3,
        }
    }

    communes: tuple[str, ...]
    hours: int


SUBJECT = UUID("01930000-0a00-7000-8000-00000000000a")
V1 = Sample(
    topic="bassin.hr_networks",
    key=str(SUBJECT),
    headers={"ce_type": "fr.bassin.hr_networks.reunion_planned.v1"},
    value=f'{{"subject":"{SUBJECT}","commune":"59350","half_days":2}}',
)


def decoded_by(event: type[Event], sample: Sample) -> Event | None:
    listener = Projection("meetings", tables=("meeting",))

    @listener.on(event)
    async def keep(tx: ProjectionTx, fact: Fact[Event]) -> None: ...

    return Table("training", [listener], None).decode(sample.headers["ce_type"], sample.value.encode())


def test_a_record_of_an_older_version_is_brought_up_to_the_present_one() -> None:
    assert decoded_by(ReunionPlanned, V1) == ReunionPlanned(subject=SUBJECT, communes=("59350",), hours=6)
