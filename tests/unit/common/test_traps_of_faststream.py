"""What FastStream 0.7.8 is and does before any broker is there, so that an upgrade that changes it is seen."""

import tomllib
from importlib.metadata import requires
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import pytest
from aiokafka import ConsumerRecord
from faststream.asgi import AsgiFastStream
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaMessage
from faststream.kafka.parser import AioKafkaParser
from faststream.kafka.subscriber.usecase import BatchSubscriber
from tests.architecture.applications import application

from common.consumer import Consumer
from common.contracts.events import Fact
from common.contracts.hr_networks import CensusAnswered
from common.handlers import Projection, Table
from common.inbox import Inbox
from common.polled import PromptSubscriber
from common.service import services
from common.tx import ProjectionTx

ROOT = Path(__file__).parents[3]
SOURCES = [path for root in ("libs", "services") for path in (ROOT / root).rglob("*.py")]


def record(offset: int, *, topic: str = "t", content_type: bytes = b"application/json") -> Any:
    return ConsumerRecord(topic, 0, offset, 7, 0, None, b'{"a": 1}', None, 0, 8, (("content-type", content_type),))


def test_its_asyncapi_page_publishes_to_the_real_broker() -> None:
    """Trap FastStream 5."""
    app = AsgiFastStream(KafkaBroker("127.0.0.1:9"), asyncapi_path="/docs")

    assert "/docs/try" in [path for path, _ in app.routes]


@pytest.mark.parametrize("name", services())
def test_no_service_mounts_it(name: str) -> None:
    """Trap FastStream 5."""
    paths = [route.path for route in application(name).routes]

    assert len(paths) > 3
    assert not [path for path in paths if path.endswith("/try") or "asyncapi" in path]


@pytest.mark.parametrize("word", ["faststream.asgi", "AsgiFastStream", "TestKafkaBroker", "group_instance_id"])
def test_nothing_of_ours_uses_what_would_mislead_us(word: str) -> None:
    """Traps FastStream 5, 10 and 12, trap aiokafka 3."""
    assert SOURCES
    assert [path.name for path in SOURCES if word in path.read_text(encoding="utf-8")] == []


async def test_two_messages_may_have_the_same_id() -> None:
    """Trap FastStream 9: offset and time stamp; ours is ce_id, drawn by the application."""
    parser = AioKafkaParser(msg_class=KafkaMessage, regex=None)

    one, two = await parser.parse_message(record(3)), await parser.parse_message(record(3, topic="another"))

    assert one.message_id == two.message_id == "3-7"


@pytest.mark.parametrize(
    ("content_type", "body"), [(b"application/json", {"a": 1}), (b"application/cloudevents+json", b'{"a": 1}')]
)
async def test_a_cloudevent_in_structured_mode_is_not_decoded(content_type: bytes, body: object) -> None:
    """Trap FastStream 9: hence CloudEvents in binary mode."""
    parser = AioKafkaParser(msg_class=KafkaMessage, regex=None)

    assert await parser.decode_message(await parser.parse_message(record(1, content_type=content_type))) == body


def test_its_command_line_is_not_ours() -> None:
    """Trap FastStream 13: faststream[cli] pins an old typer."""
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]

    assert [line for line in ours if line.startswith("faststream")] == ["faststream[kafka]>=0.7.8,<0.8"]
    assert [line for line in requires("faststream") or () if line.startswith("typer") and "cli" in line]
    assert find_spec("typer") is None


def subscriber() -> BatchSubscriber:
    """Ours, of a listener to one type."""
    listener, nowhere = Projection("answers", tables=("answer",)), cast("Any", None)

    @listener.on(CensusAnswered)
    async def keep(tx: ProjectionTx, fact: Fact[CensusAnswered]) -> None: ...

    return Consumer("127.0.0.1:9", Inbox(nowhere, Table("training", [listener], None), [])).subscriber()[1]


class Silent:
    """A consumer to whom nothing was sent; it has waited already when it says so."""

    async def getmany(self, *, timeout_ms: int, max_records: int | None) -> dict[Any, Any]:
        return {}


def sleeps_after_an_empty_poll(polling: BatchSubscriber) -> bool:
    asked = polling.get_msg(cast("Any", Silent()))
    try:
        asked.send(None)
    except StopIteration:
        return False
    asked.close()
    return True


async def test_it_sleeps_after_an_empty_poll_and_ours_does_not() -> None:
    """Trap FastStream 17."""
    unasked = KafkaBroker("127.0.0.1:9").subscriber("t", batch=True)

    assert isinstance(unasked, BatchSubscriber)
    assert (unasked.batch_timeout_ms, subscriber().batch_timeout_ms) == (200, 20)
    assert (sleeps_after_an_empty_poll(unasked), sleeps_after_an_empty_poll(subscriber())) == (True, False)


def test_ours_works_one_batch_after_the_other() -> None:
    """Trap FastStream 6: with max_workers a graceful stop leaves what was processed uncommitted."""
    assert type(subscriber()) is PromptSubscriber
    assert not hasattr(subscriber(), "max_workers")
