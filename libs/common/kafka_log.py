"""Topics as their one relay needs them: fence the older relays, publish whole batches, know what readers see."""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    InvalidTopicError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
from aiokafka.structs import RecordMetadata
from msgspec import Struct

from common import left_open, metrics
from common.committed_log import DEADLINE, REQUEST_MS, CommittedLog, Place, end_reader
from common.partition import partitions_of

log = logging.getLogger("bassin.relay")

OPEN = 10.0  # seconds that a transaction may be: a dead relay's holds readers back as long
PUBLISHED = OPEN + 1  # seconds until a batch is given up: by then the broker has ended its transaction
ABORT = 2.0  # seconds more for a transaction that is given up
MARKED = 0.002  # seconds between two looks at where committed records end
BATCH_BYTES = 950_000
STORED = msgspec.json.Decoder(dict[str, str])  # headers, as the outbox keeps them

# They concern the configuration, not one record: trying again cannot help.
REFUSED_FOR_GOOD = (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    InvalidTopicError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)


class Outgoing(Struct, frozen=True):
    """One row of the outbox."""

    id: int
    event_id: UUID
    stream: str
    subject: UUID
    version: int
    headers: str  # JSON object
    payload: bytes


Keyed: TypeAlias = tuple[bytes, Outgoing]
Built: TypeAlias = tuple[Place, object, int]  # a batch as it goes to one partition, and how many records it holds


class KafkaLog(CommittedLog):
    """Of one service. `open` fences every older producer of the same service and ends what it left undone."""

    def __init__(self, bootstrap: str, service: str, streams: Sequence[str]) -> None:
        super().__init__(bootstrap, streams)
        self._service = service
        self._producer: AIOKafkaProducer | None = None
        self._watching: AIOKafkaConsumer | None = None
        self._passing: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self.abandon()
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            client_id=f"bassin.{self._service}.relay",
            transactional_id=f"bassin.{self._service}",
            transaction_timeout_ms=int(OPEN * 1000),
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
            request_timeout_ms=REQUEST_MS,
        )
        self._producer, self._watching = producer, (reader := self._made())
        try:
            async with asyncio.timeout(DEADLINE):
                await producer.start()
                await self._fence(producer)
                await reader.start()
                await self._end_left_open(producer, reader)
        except BaseException:
            self.abandon()
            raise

    async def _fence(self, producer: AIOKafkaProducer) -> None:
        """The producer id is asked for by the first transaction, and only then are the older ones fenced."""
        await producer.begin_transaction()
        await producer.commit_transaction()

    async def _end_left_open(self, producer: AIOKafkaProducer, reader: AIOKafkaConsumer) -> None:
        """The fence has ended every transaction of which Kafka's coordinator knows; what is open yet, nobody will end.

        Only older relays' are touched: should this one be fenced meanwhile, the newer one's are not.
        """
        ours = producer._txn_manager
        found = await left_open.find(reader._client, await self._places(reader))
        if others := [o for o in found if o.producer != ours.producer_id or o.epoch >= ours.producer_epoch]:
            raise TransactionLeftOpen(", ".join(map(str, others)))
        for one in found:
            await left_open.abort(reader._client, one)
            metrics.relay_left_open.labels(self._service).inc()
        if found:
            log.warning("ended what Kafka had left open", extra={"at": ", ".join(map(str, found))})

    async def publish(self, batch: Sequence[Outgoing]) -> dict[Place, int]:
        """Publish all of it or nothing, in one transaction; returns the offset after the last record, per partition.

        To abort waits for the broker too, hence the second deadline; the next producer ends what is left open.
        """
        producer = self._producer
        assert producer is not None, "the log is not open"
        async with asyncio.timeout(PUBLISHED):
            built = await self._build(producer, batch)
        await self.passed()  # if what goes now were aborted, so would be what readers cannot see yet
        async with asyncio.timeout(PUBLISHED + ABORT), producer.transaction(), asyncio.timeout(PUBLISHED):
            after = await self._send(producer, built)
        self._passing = asyncio.create_task(self._readers_pass(after))
        return after

    async def passed(self) -> None:
        """Wait until readers of committed records can pass what was published.

        A commit is acknowledged before it is in the topics, and a broker killed in between may forget it.

        Raises:
            TimeoutError: they cannot, as long as a batch may take; the next `open` ends what holds them.
        """
        if self._passing is not None:
            await asyncio.shield(self._passing)

    async def _readers_pass(self, after: Mapping[Place, int]) -> None:
        reader, places = self._watching, [self._partition_of(place) for place in after]
        assert reader is not None, "the log is not open"
        async with asyncio.timeout(PUBLISHED):
            while True:
                if all(end >= after[place] for place, end in (await self._ends(reader, places)).items()):
                    return
                await asyncio.sleep(MARKED)

    async def _build(self, producer: AIOKafkaProducer, batch: Sequence[Outgoing]) -> list[Built]:
        by_stream: defaultdict[str, list[Keyed]] = defaultdict(list)
        for record in batch:
            by_stream[record.stream].append((str(record.subject).encode(), record))
        return [
            ((stream, partition), builder, count)
            for stream, keyed in by_stream.items()
            for partition, records in (await self._dealt(producer, self._topic_of[stream], keyed)).items()
            for builder, count in _builders(producer, records)
        ]

    async def _send(self, producer: AIOKafkaProducer, built: Sequence[Built]) -> dict[Place, int]:
        sent: list[tuple[Place, int, asyncio.Future[RecordMetadata]]] = []
        for place, builder, count in built:
            at = self._partition_of(place)
            sent.append((place, count, await producer.send_batch(builder, at.topic, partition=at.partition)))
        return {place: (await future).offset + count for place, count, future in sent}

    async def _dealt(self, producer: AIOKafkaProducer, topic: str, keyed: Sequence[Keyed]) -> dict[int, list[Keyed]]:
        dealt: defaultdict[int, list[Keyed]] = defaultdict(list)
        chosen = partitions_of([key for key, _ in keyed], sorted(await producer.partitions_for(topic)))
        for partition, each in zip(chosen, keyed, strict=True):
            dealt[partition].append(each)
        return dealt

    def abandon(self) -> None:
        """Let go of the producer: after any error it may be poisoned, and its stop may hang."""
        producer, self._producer = self._producer, None
        reader, self._watching = self._watching, None
        passing, self._passing = self._passing, None
        if producer is not None:
            self._closing_down(_stop(producer))
        if reader is not None:
            self._closing_down(_let_go(reader, passing))

    def _closing_down(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        self.abandon()
        await asyncio.gather(*self._closing)


class TransactionLeftOpen(Exception):
    """Readers stand before a transaction that is not an older relay's of ours: an operator has to end it."""


async def _let_go(reader: AIOKafkaConsumer, passing: asyncio.Task[None] | None) -> None:
    if passing is not None:
        passing.cancel()
        await asyncio.gather(passing, return_exceptions=True)
    await end_reader(reader)


async def _stop(producer: AIOKafkaProducer) -> None:
    """An idempotent producer never expires a batch: with the broker dead its stop would hang, so it is ended."""
    with contextlib.suppress(Exception):
        await asyncio.wait_for(producer.stop(), 5)
        return
    sending = producer._sender.sender_task
    if sending is not None:
        sending.cancel()
        with contextlib.suppress(Exception):
            await asyncio.wait_for(producer.client.close(), 1)  # what is under way fails at once
        await asyncio.wait([sending], timeout=1)


def _builders(producer: AIOKafkaProducer, records: Sequence[Keyed]) -> list[tuple[object, int]]:
    """Hand-made batches: several times faster than one send a record."""
    built: list[tuple[object, int]] = []
    builder, count = producer.create_batch(), 0
    for key, record in records:
        headers = _headers(record)
        if builder.append(timestamp=None, key=key, value=record.payload, headers=headers) is None:
            built.append((builder, count))
            builder, count = producer.create_batch(), 0
            builder.append(timestamp=None, key=key, value=record.payload, headers=headers)
        count += 1
    return [*built, (builder, count)]


def _headers(record: Outgoing) -> list[tuple[str, bytes]]:
    """The version is written now, from the column: a take-over may have moved it."""
    stored = STORED.decode(record.headers)
    stored["ce_aggregateversion"] = str(record.version)
    return [(name, value.encode()) for name, value in stored.items()]
