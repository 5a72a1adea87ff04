"""Transactions that nobody will ever end: found at the partitions' leaders and ended there.

Kafka acknowledges a commit before it is in the topics. Killed in between, Kafka 4.4 drops it for good if the topics'
partitions have no leader when it is back, as is always so with one broker (KAFKA-20734): its coordinator takes the
transaction for complete, and readers of committed records stand before it for ever. KIP-664 has the requests that mend
that; aiokafka does not know them.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, LeaderNotAvailableError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Int64, Schema, TaggedFields
from msgspec import Struct

TEXT, TAGS = CompactString("utf-8"), ("tags", TaggedFields)
RETRY = 0.1  # seconds, while a partition has no leader
Partitions: TypeAlias = list[tuple[str, list[int], dict[int, bytes]]]


class LeftOpen(Struct, frozen=True):
    """A transaction that is open in one partition."""

    at: TopicPartition
    producer: int
    epoch: int
    coordinator: int  # epoch of the coordinator that ended this producer's transaction before, -1 if none did
    since: int  # offset of its first record

    def __str__(self) -> str:
        return f"{self.at.topic} partition {self.at.partition} offset {self.since}"


async def find(client: AIOKafkaClient, places: Sequence[TopicPartition]) -> list[LeftOpen]:
    """Every transaction that is open in these partitions, as their leaders say; waits for leaders."""
    while True:
        try:
            answers = [
                await client.send(leader, _DescribeProducers(asked))
                for leader, asked in _by_leader(client, places).items()
            ]
            return [found for answer in answers for found in _open_in(answer)]
        except KafkaError as error:
            if not error.retriable:
                raise
        await asyncio.sleep(RETRY)
        await client.force_metadata_update()


def _open_in(answer: Any) -> Iterator[LeftOpen]:
    for topic, partitions, _ in answer.topics:
        for number, error, _, producers, _ in partitions:
            _raise(error)
            for producer, epoch, _, _, coordinator, since, _ in producers:
                if since >= 0:
                    yield LeftOpen(TopicPartition(topic, number), producer, epoch, coordinator, since)


async def abort(client: AIOKafkaClient, one: LeftOpen) -> None:
    """Its records are in the topic and are never read. Raises ClusterAuthorizationFailedError where we may not."""
    [(leader, asked)] = _by_leader(client, [one.at]).items()
    answer = await client.send(leader, _WriteTxnMarkers(one, asked))
    for _, topics, _ in answer.markers:
        for _, partitions, _ in topics:
            for _, error, _ in partitions:
                _raise(error)


def _by_leader(client: AIOKafkaClient, places: Iterable[TopicPartition]) -> dict[int, Partitions]:
    found: defaultdict[int, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for at in places:
        leader = client.cluster.leader_for_partition(at)
        if leader is None or leader < 0:
            raise LeaderNotAvailableError(at)
        found[leader][at.topic].append(at.partition)
    return {leader: [(topic, numbers, {}) for topic, numbers in asked.items()] for leader, asked in found.items()}


def _raise(code: int) -> None:
    if code:
        raise for_code(code)


def _by_topic(partitions: CompactArray) -> CompactArray:
    return CompactArray(("name", TEXT), ("partitions", partitions), TAGS)


class _DescribeProducersAnswer(Response):
    API_KEY, API_VERSION = 61, 0
    PRODUCERS = CompactArray(
        ("producer_id", Int64),
        ("producer_epoch", Int32),
        ("last_sequence", Int32),
        ("last_timestamp", Int64),
        ("coordinator_epoch", Int32),
        ("current_txn_start_offset", Int64),
        TAGS,
    )
    PARTITIONS = CompactArray(
        ("index", Int32), ("error_code", Int16), ("error_message", TEXT), ("active_producers", PRODUCERS), TAGS
    )
    SCHEMA = Schema(("throttle_time_ms", Int32), ("topics", _by_topic(PARTITIONS)), TAGS)


class _DescribeProducersAsked(RequestStruct):
    FLEXIBLE_VERSION, API_KEY, API_VERSION = True, 61, 0
    RESPONSE_TYPE = _DescribeProducersAnswer
    SCHEMA = Schema(("topics", _by_topic(CompactArray(Int32))), TAGS)


class _DescribeProducers(Request[_DescribeProducersAsked]):
    API_KEY = 61

    def __init__(self, partitions: Partitions) -> None:
        self._partitions = partitions

    def build(self, request_struct_class: type[_DescribeProducersAsked]) -> _DescribeProducersAsked:
        return request_struct_class(self._partitions, {})


class _WriteTxnMarkersAnswer(Response):
    API_KEY, API_VERSION = 27, 1
    PARTITIONS = CompactArray(("index", Int32), ("error_code", Int16), TAGS)
    SCHEMA = Schema(("markers", CompactArray(("producer_id", Int64), ("topics", _by_topic(PARTITIONS)), TAGS)), TAGS)


class _WriteTxnMarkersAsked(RequestStruct):
    FLEXIBLE_VERSION, API_KEY, API_VERSION = True, 27, 1
    RESPONSE_TYPE = _WriteTxnMarkersAnswer
    MARKERS = CompactArray(
        ("producer_id", Int64),
        ("producer_epoch", Int16),
        ("committed", Boolean),
        ("topics", _by_topic(CompactArray(Int32))),
        ("coordinator_epoch", Int32),
        TAGS,
    )
    SCHEMA = Schema(("markers", MARKERS), TAGS)


class _WriteTxnMarkers(Request[_WriteTxnMarkersAsked]):
    API_KEY = 27

    def __init__(self, one: LeftOpen, partitions: Partitions) -> None:
        self._marker: tuple[object, ...] = (one.producer, one.epoch, False, partitions, max(one.coordinator, 0), {})

    def build(self, request_struct_class: type[_WriteTxnMarkersAsked]) -> _WriteTxnMarkersAsked:
        return request_struct_class([self._marker], {})
