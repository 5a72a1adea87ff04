"""What FastStream 0.7.8 does unless told otherwise, so that an upgrade that changes it is seen; and that we tell it."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaRouter
from tests.service.common import probe
from tests.service.common.listening import Producer
from tests.service.common.probe import LILLE, LISTENER

from common.clock import Clock
from common.consumer import Consumer
from common.contracts.catalogue import STREAMS
from common.contracts.events import Fact
from common.contracts.hr_networks import FACTS, CensusAnswered
from common.db import Database
from common.handlers import Projection, Table
from common.inbox import Inbox
from common.tx import ProjectionTx

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

Headers: TypeAlias = list[tuple[str, bytes | None]]
Sent: TypeAlias = tuple[bytes | None, Headers]

NULL: Headers = [("ce_type", None)]
LATIN: Headers = [("ce_type", "census-opened-é".encode("latin-1"))]
SILENCE = 1.0  # seconds without a record after which nothing more is expected


@pytest.fixture
async def topic(kafka: str) -> AsyncIterator[str]:
    name = f"trap-{secrets.token_hex(4)}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1), NewTopic(f"{name}.other", 1, 1)])
    yield name
    await admin.delete_topics([name, f"{name}.other"])
    await admin.close()


async def send(kafka: str, topic: str, records: Iterable[Sent]) -> None:
    """In one batch, so that a poll finds all of them."""
    producer: Any = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    try:
        batch = producer.create_batch()
        for value, headers in records:
            batch.append(key=None, value=value, timestamp=None, headers=headers)
        await (await producer.send_batch(batch, topic, partition=0))
    finally:
        await producer.stop()


async def stored(kafka: str, topic: str) -> int:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka)
    await consumer.start()
    try:
        place = TopicPartition(topic, 0)
        return int((await consumer.end_offsets([place]))[place])
    finally:
        await consumer.stop()


async def committed(kafka: str, topic: str, group: str) -> int | None:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, group_id=group)
    await consumer.start()
    try:
        offset: int | None = await consumer.committed(TopicPartition(topic, 0))
        return offset
    finally:
        await consumer.stop()


@asynccontextmanager
async def listening(
    kafka: str, topic: str, handler: Callable[..., Awaitable[Any]], *, apply_types: bool = False, **options: Any
) -> AsyncIterator[None]:
    broker = KafkaBroker(kafka, apply_types=apply_types, graceful_timeout=2, logger=None)
    broker.subscriber(topic, **{"group_id": f"{topic}.group", "auto_offset_reset": "earliest", **options})(handler)
    await broker.start()
    try:
        yield
    finally:
        await broker.stop()


class Heard:
    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self._last = asyncio.Event()

    async def __call__(self, body: Any) -> None:
        self.bodies.append(body)
        self._last.set()

    async def until_silence(self) -> list[Any]:
        while True:
            self._last.clear()
            try:
                async with asyncio.timeout(SILENCE + 2 * (not self.bodies)):
                    await self._last.wait()
            except TimeoutError:
                return self.bodies


async def test_by_default_a_failed_message_counts_as_done(kafka: str, topic: str) -> None:
    """Trap FastStream 1."""
    calls = Heard()

    async def fail(body: Any) -> None:
        await calls(body)
        raise RuntimeError

    await send(kafka, topic, [(b"1", [])])
    async with listening(kafka, topic, fail):
        assert len(await calls.until_silence()) == 1

    assert await committed(kafka, topic, f"{topic}.group") == 1


async def test_with_nack_a_failed_message_comes_back_at_once_and_for_ever(kafka: str, topic: str) -> None:
    """Trap FastStream 1."""
    calls: list[Any] = []
    enough = asyncio.Event()

    async def fail(body: Any) -> None:
        calls.append(body)
        if len(calls) == 50:
            enough.set()
        raise RuntimeError

    await send(kafka, topic, [(b"1", [])])
    async with listening(kafka, topic, fail, ack_policy=AckPolicy.NACK_ON_ERROR), asyncio.timeout(15):
        await enough.wait()

    assert await committed(kafka, topic, f"{topic}.group") in (None, 0)


def test_a_brokers_policy_does_not_reach_the_subscribers_of_a_router() -> None:
    """Trap FastStream 2."""
    broker, router = KafkaBroker("127.0.0.1:9", ack_policy=AckPolicy.NACK_ON_ERROR), KafkaRouter()
    subscriber = router.subscriber("t", group_id="g")
    broker.include_router(router)

    assert subscriber.ack_policy is AckPolicy.ACK_FIRST


@pytest.mark.parametrize("headers", [NULL, LATIN], ids=["null", "not UTF-8"])
async def test_a_message_with_such_a_header_is_passed_over_in_silence(kafka: str, topic: str, headers: Headers) -> None:
    """Trap FastStream 3."""
    heard = Heard()
    await send(kafka, topic, [(b"1", []), (b"2", headers), (b"3", [])])

    async with listening(kafka, topic, heard, ack_policy=AckPolicy.NACK_ON_ERROR):
        assert await heard.until_silence() == [1, 3]


async def test_in_a_batch_it_takes_the_others_with_it(kafka: str, topic: str) -> None:
    """Trap FastStream 16."""
    heard = Heard()
    await send(kafka, topic, [*((b"%d" % n, []) for n in range(9)), (b"9", NULL)])

    async with listening(kafka, topic, heard, ack_policy=AckPolicy.NACK_ON_ERROR, batch=True, max_records=10):
        assert await heard.until_silence() == []
        await send(kafka, topic, [(b"10", [])])
        assert await heard.until_silence() == [[10]]


@pytest.mark.parametrize(("no_reply", "published"), [(False, 1), (True, 0)])
async def test_any_producer_may_choose_where_an_answer_goes(
    kafka: str, topic: str, no_reply: bool, published: int
) -> None:
    """Trap FastStream 4."""
    other, answered = f"{topic}.other", asyncio.Event()

    async def answer(body: Any) -> str:
        answered.set()
        return "an answer"

    await send(kafka, topic, [(b"1", [("reply_to", other.encode())])])
    async with listening(kafka, topic, answer, no_reply=no_reply), asyncio.timeout(15):
        await answered.wait()

    assert await stored(kafka, other) == published


@pytest.mark.parametrize(("apply_types", "body"), [(True, 7), (False, "7")])
async def test_bodies_are_cast_by_pydantic_unless_told_otherwise(
    kafka: str, topic: str, apply_types: bool, body: object
) -> None:
    """Trap FastStream 7."""
    heard: asyncio.Future[object] = asyncio.get_running_loop().create_future()

    async def hear(body: int) -> None:
        heard.set_result(body)

    await send(kafka, topic, [(b'"7"', [("content-type", b"application/json")])])
    async with listening(kafka, topic, hear, apply_types=apply_types), asyncio.timeout(15):
        assert await heard == body


def test_the_defaults_that_would_lose_records_or_make_topics() -> None:
    """Trap FastStream 8."""
    subscriber = KafkaBroker("127.0.0.1:9").subscriber("t")

    assert subscriber.ack_policy is AckPolicy.ACK_FIRST
    assert subscriber.group_id is None
    assert args(subscriber)["auto_offset_reset"] == "latest"
    assert args(subscriber)["isolation_level"] == "read_uncommitted"
    assert args(subscriber)["enable_auto_commit"] is True
    assert config(subscriber).allow_auto_create_topics is True
    assert config(subscriber).consumer_only is False


async def test_our_subscriber_relies_on_none_of_them() -> None:
    """Traps FastStream 1, 2, 4, 7, 8 and 14."""
    broker, ours = Consumer("127.0.0.1:9", unconnected()).subscriber()

    assert ours.ack_policy is AckPolicy.NACK_ON_ERROR
    assert ours.group_id == "bassin.training"
    assert args(ours)["auto_offset_reset"] == "earliest"
    assert args(ours)["isolation_level"] == "read_committed"
    assert args(ours)["enable_auto_commit"] is False
    assert ours._no_reply is True
    assert config(ours).allow_auto_create_topics is False
    assert config(ours).consumer_only is True
    assert config(ours).fd_config.use_fastdepends is False
    assert config(ours).graceful_timeout
    assert len(broker.subscribers) == 1


async def test_ours_hands_every_record_to_the_inbox_however_hostile(
    kafka: str, database: "Callable[[str], ServiceUrls]"
) -> None:
    """Traps FastStream 3, 4 and 16."""
    ana, producer = uuid4(), Producer()
    first, second = (producer.send(probe.fact(ana, ana)) for _ in range(2))
    elsewhere: Headers = [*second.headers, ("reply_to", b"bassin.training.state")]
    async with probe.own_topics(kafka, partitions=1) as suffix:
        urls, table = database(LISTENER), probe.listener()
        await probe.lay_out(urls, table)
        good: list[Sent] = [(first.value, [*first.headers]), (second.value, elsewhere)]
        await send(kafka, STREAMS[FACTS].behind, [good[0], (b"2", NULL), (b"3", LATIN), (None, []), good[1]])
        async with probe.opened(LISTENER, urls) as db:
            inbox = Inbox(db, table, [LILLE], consumer=f"{LISTENER}.{suffix}")
            task = asyncio.create_task(Consumer(kafka, inbox).run())
            try:
                await probe.eventually(lambda: both_noted(urls), what="both good records applied")
            finally:
                await probe.ended([task])

    assert [(who, version) for who, version, _ in await probe.noted(urls)] == [(ana, 1), (ana, 2)]
    held = await probe.query(urls, "SELECT state, log_offset FROM infra.held ORDER BY log_offset")
    assert [tuple(row) for row in held] == [("parked", 1), ("parked", 2), ("parked", 3)]


async def both_noted(urls: "ServiceUrls") -> bool:
    return len(await probe.noted(urls)) == 2


def unconnected() -> Inbox:
    listener = Projection("answers", tables=("answer",))

    @listener.on(CensusAnswered)
    async def keep(tx: ProjectionTx, fact: Fact[CensusAnswered]) -> None: ...

    pool: Any = None  # nothing is applied
    return Inbox(Database("training", pool, Clock()), Table("training", [listener], None), [])


def args(subscriber: Any) -> dict[str, Any]:
    """What aiokafka's consumer is made with: FastStream shows it nowhere else."""
    made: dict[str, Any] = subscriber._connection_args
    return made


def config(subscriber: Any) -> Any:
    return subscriber._outer_config
