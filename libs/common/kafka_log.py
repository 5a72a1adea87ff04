"""Topics as a relay and a rebuild need them: fence the older relays, publish whole batches, read to the end."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TypeAlias
from uuid import UUID

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
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

from common.contracts.catalogue import STREAMS
from common.envelope import Headers
from common.partition import partitions_of

Place: TypeAlias = tuple[str, int]  # stream, partition
DEADLINE = 30.0  # seconds, around everything that waits for the broker
OPEN = 10.0  # seconds that a transaction may be: a dead relay's holds readers back as long
PUBLISHED = OPEN + 1  # seconds until a batch is given up: by then the broker has ended its transaction
ABORT = 2.0  # seconds more for a transaction that is given up
BATCH_BYTES = 950_000
# A line that is cut tells nobody: who waits longer for an answer, or for a connection, makes a new one. Who joins a
# group is answered after 10 s at most (a dead member's session). What one answer holds must arrive meanwhile on a slow
# line too: aiokafka's own 40 s and 50 MB heal late and need 10 Mbit/s.
REQUEST_MS = 11_000
FETCH_BYTES = 1_000_000  # a single batch of a relay may be as large
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


class Logged(Struct, frozen=True):
    """One record found in the log."""

    stream: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: Headers
    value: bytes | None


class KafkaLog:
    """Of one service. `open` fences every older producer of the same service and ends what it left undone."""

    def __init__(self, bootstrap: str, service: str, streams: Sequence[str]) -> None:
        self._bootstrap = bootstrap
        self._service = service
        self._topics = {STREAMS[name].behind: name for name in streams}
        self._producer: AIOKafkaProducer | None = None
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
        try:
            async with asyncio.timeout(DEADLINE):
                await producer.start()
                await self._fence(producer)
        except BaseException:
            self._close(producer)
            raise
        self._producer = producer

    async def _fence(self, producer: AIOKafkaProducer) -> None:
        """The producer id is asked for by the first transaction, and only then are the older ones fenced."""
        await producer.begin_transaction()
        await producer.commit_transaction()

    async def publish(self, batch: Sequence[Outgoing]) -> dict[Place, int]:
        """Publish all of it or nothing, in one transaction; returns the offset after the last record, per partition.

        To abort waits for the broker too, hence the second deadline; the next producer ends what is left open.
        """
        producer = self._producer
        assert producer is not None, "the log is not open"
        async with asyncio.timeout(PUBLISHED + ABORT), producer.transaction(), asyncio.timeout(PUBLISHED):
            return await self._send(producer, batch)

    async def _send(self, producer: AIOKafkaProducer, batch: Sequence[Outgoing]) -> dict[Place, int]:
        by_stream: defaultdict[str, list[Keyed]] = defaultdict(list)
        for record in batch:
            by_stream[record.stream].append((str(record.subject).encode(), record))
        topics = {stream: topic for topic, stream in self._topics.items()}
        sent: list[tuple[Place, int, asyncio.Future[RecordMetadata]]] = []
        for stream, keyed in by_stream.items():
            for partition, records in (await self._dealt(producer, topics[stream], keyed)).items():
                for builder, count in _builders(producer, records):
                    future = await producer.send_batch(builder, topics[stream], partition=partition)
                    sent.append(((stream, partition), count, future))
        return {place: (await future).offset + count for place, count, future in sent}

    async def _dealt(self, producer: AIOKafkaProducer, topic: str, keyed: Sequence[Keyed]) -> dict[int, list[Keyed]]:
        dealt: defaultdict[int, list[Keyed]] = defaultdict(list)
        chosen = partitions_of([key for key, _ in keyed], sorted(await producer.partitions_for(topic)))
        for partition, each in zip(chosen, keyed, strict=True):
            dealt[partition].append(each)
        return dealt

    async def read(self, since: Mapping[Place, int]) -> AsyncIterator[tuple[list[Logged], dict[Place, int]]]:
        """Read our topics, committed records only, from `since` (absent: from the beginning) to their present ends.

        Yields chunks, each with the place after it. The last chunk's places are the ends.

        Raises:
            LogShortened: an end lies before `since`; the broker lost acknowledged records.
        """
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            request_timeout_ms=REQUEST_MS,
            fetch_max_bytes=FETCH_BYTES,
        )
        try:
            async with asyncio.timeout(DEADLINE):
                await consumer.start()
            async for chunk in self._read(consumer, since):
                yield chunk
        finally:
            await consumer.stop()

    async def _read(
        self, consumer: AIOKafkaConsumer, since: Mapping[Place, int]
    ) -> AsyncIterator[tuple[list[Logged], dict[Place, int]]]:
        ends = await self._ends(consumer)
        positions = {place: since.get(place, 0) for place in ends}
        if short := {place: end for place, end in ends.items() if end < positions[place]}:
            raise LogShortened(short)
        behind = {self._partition_of(p): p for p, end in ends.items() if positions[p] < end}
        consumer.assign(list(behind))
        for tp, place in behind.items():
            consumer.seek(tp, positions[place])
        while behind:
            async with asyncio.timeout(DEADLINE):
                found = await self._next(consumer)
            for tp in list(behind):
                positions[behind[tp]] = await consumer.position(tp)
                if positions[behind[tp]] >= ends[behind[tp]]:
                    behind.pop(tp)
            yield found, dict(positions)
        yield [], {place: max(end, positions[place]) for place, end in ends.items()}

    async def _next(self, consumer: AIOKafkaConsumer) -> list[Logged]:
        polled = await consumer.getmany(timeout_ms=200, max_records=2000)
        return [
            Logged(self._topics[r.topic], r.topic, r.partition, r.offset, r.key, tuple(r.headers), r.value)
            for records in polled.values()
            for r in records
        ]

    async def ends(self) -> dict[Place, int]:
        """Where our topics end now."""
        if not self._topics:  # a consumer that is stopped before its first await raises CancelledError
            return {}
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, isolation_level="read_committed", request_timeout_ms=REQUEST_MS
        )
        try:
            async with asyncio.timeout(DEADLINE):
                await consumer.start()
            return await self._ends(consumer)
        finally:
            await consumer.stop()

    async def _ends(self, consumer: AIOKafkaConsumer) -> dict[Place, int]:
        async with asyncio.timeout(DEADLINE):
            for topic in self._topics:
                await consumer._client._wait_on_metadata(topic)
            places = [
                TopicPartition(topic, number)
                for topic in self._topics
                for number in consumer.partitions_for_topic(topic) or ()
            ]
            found = await consumer.end_offsets(places)
        return {(self._topics[tp.topic], tp.partition): end for tp, end in found.items()}

    def _partition_of(self, place: Place) -> TopicPartition:
        stream, partition = place
        return TopicPartition(STREAMS[stream].behind, partition)

    def abandon(self) -> None:
        """Let go of the producer: after any error it may be poisoned, and its stop may hang."""
        producer, self._producer = self._producer, None
        if producer is not None:
            self._close(producer)

    def _close(self, producer: AIOKafkaProducer) -> None:
        task = asyncio.create_task(_stop(producer))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        self.abandon()
        await asyncio.gather(*self._closing)


class LogShortened(Exception):
    """The topics end before what this database saw published."""


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
