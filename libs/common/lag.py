"""How far a service is behind the topics it hears: as its own database says, never as Kafka remembers."""

import asyncio
import time
from collections.abc import Mapping

import asyncpg
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from msgspec import Struct

from common import roster
from common.committed_log import DEADLINE, CommittedLog, Place, end_reader
from common.contracts.catalogue import STREAMS
from common.handlers import Table

Unread = dict[Place, float | None]  # age in seconds of the first record that was not read; None if there is none


class Behind(Struct, frozen=True, kw_only=True):
    """One partition of one stream that a service hears."""

    service: str
    stream: str
    partition: int
    end: int  # offset after the last committed record
    next: int  # offset that the database reads next
    records: int  # offsets between the two, markers of transactions included; below 0 the broker lost what was read
    seconds: float  # since the first record that was not read was written; 0 if there is none


async def behind(kafka: str, database: str, table: Table) -> list[Behind]:
    """Every partition that `table`'s service hears; `database` is its address as any role that reads infra.offset."""
    connection = await asyncpg.connect(database, timeout=5)
    try:
        rows = await connection.fetch(roster.PLACES, table.service)
    finally:
        await connection.close()
    ends = await CommittedLog(kafka, table.streams).ends()
    stored = {(row["stream"], row["partition"]): row["next"] for row in rows}
    since = {place: stored.get(place, 0) for place, end in ends.items() if stored.get(place, 0) < end}
    unread = await _first_unread(kafka, since, ends) if since else {}
    return [_behind(table.service, place, end, stored.get(place, 0), unread) for place, end in sorted(ends.items())]


def _behind(service: str, place: Place, end: int, at: int, unread: Unread) -> Behind:
    """A place that lags by markers alone has read everything."""
    age = unread.get(place)
    records = end - at if age is not None or end < at else 0
    stream, partition = place
    return Behind(
        service=service,
        stream=stream,
        partition=partition,
        end=end,
        next=at,
        records=records,
        seconds=round(age or 0.0, 1),
    )


async def _first_unread(kafka: str, since: Mapping[Place, int], ends: Mapping[Place, int]) -> Unread:
    """Read at each place until a record or the end is found."""
    places = {TopicPartition(STREAMS[stream].behind, number): (stream, number) for stream, number in since}
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    unread: Unread = {}
    try:
        async with asyncio.timeout(DEADLINE):
            await consumer.start()
            consumer.assign(list(places))
            for tp, place in places.items():
                consumer.seek(tp, since[place])
            while len(unread) < len(places):
                found = await consumer.getmany(timeout_ms=200, max_records=1)
                unread |= {places[tp]: _age(records[0]) for tp, records in found.items()}
                for tp, place in places.items():
                    if place not in unread and await consumer.position(tp) >= ends[place]:
                        unread[place] = None
                consumer.pause(*(tp for tp, place in places.items() if place in unread))
    finally:
        await end_reader(consumer)
    return unread


def _age(record: "ConsumerRecord[bytes | None, bytes | None]") -> float:
    return max(time.time() - record.timestamp / 1000, 0.0)
