"""Topics as readers of committed records find them: to their present ends, and where these are."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct

from common.contracts.catalogue import STREAMS
from common.envelope import Headers

Place: TypeAlias = tuple[str, int]  # stream, partition
DEADLINE = 30.0  # seconds, around everything that waits for the broker
# A line that is cut tells nobody: who waits longer for an answer, or for a connection, makes a new one. Who joins a
# group is answered after 10 s at most (a dead member's session). What one answer holds must arrive meanwhile on a slow
# line too: aiokafka's own 40 s and 50 MB heal late and need 10 Mbit/s.
REQUEST_MS = 11_000
FETCH_BYTES = 1_000_000  # a single batch of a relay may be as large


class Logged(Struct, frozen=True):
    """One record found in the log."""

    stream: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: Headers
    value: bytes | None


class LogShortened(Exception):
    """The topics end before what this database saw published."""


class CommittedLog:
    """The topics of some streams of one service."""

    def __init__(self, bootstrap: str, streams: Sequence[str]) -> None:
        self._bootstrap = bootstrap
        self._topic_of = {name: STREAMS[name].behind for name in streams}
        self._topics = {topic: name for name, topic in self._topic_of.items()}

    async def read(self, since: Mapping[Place, int]) -> AsyncIterator[tuple[list[Logged], dict[Place, int]]]:
        """Read committed records only, from `since` (absent: from the beginning) to the topics' present ends.

        Yields chunks, each with the place after it. The last chunk's places are the ends.

        Raises:
            LogShortened: an end lies before `since`; the broker lost acknowledged records.
            TimeoutError: what lay before the ends cannot be read any more.
        """
        async with self._reader() as reader:
            async for chunk in self._read(reader, since):
                yield chunk

    async def _read(
        self, reader: AIOKafkaConsumer, since: Mapping[Place, int]
    ) -> AsyncIterator[tuple[list[Logged], dict[Place, int]]]:
        ends = await self._ends(reader, await self._places(reader))
        positions = {place: since.get(place, 0) for place in ends}
        if short := {place: end for place, end in ends.items() if end < positions[place]}:
            raise LogShortened(short)
        behind = {self._partition_of(p): p for p, end in ends.items() if positions[p] < end}
        reader.assign(list(behind))
        for tp, place in behind.items():
            reader.seek(tp, positions[place])
        loop, waited = asyncio.get_running_loop(), 0.0
        while behind:
            begun = loop.time()
            async with asyncio.timeout(DEADLINE):
                found = await self._next(reader)
                at = {behind[tp]: await reader.position(tp) for tp in behind}
            moved = found or any(positions[place] != position for place, position in at.items())
            waited = 0.0 if moved else waited + loop.time() - begun  # what whoever reads does in between is his time
            if waited > DEADLINE:
                raise TimeoutError(f"of {list(at)} nothing more can be read")
            positions |= at
            behind = {tp: place for tp, place in behind.items() if positions[place] < ends[place]}
            yield found, dict(positions)
        yield [], {place: max(end, positions[place]) for place, end in ends.items()}

    async def _next(self, reader: AIOKafkaConsumer) -> list[Logged]:
        polled = await reader.getmany(timeout_ms=200, max_records=2000)
        return [
            Logged(self._topics[r.topic], r.topic, r.partition, r.offset, r.key, tuple(r.headers), r.value)
            for records in polled.values()
            for r in records
        ]

    async def ends(self) -> dict[Place, int]:
        """Where the topics end now."""
        if not self._topics:
            return {}
        async with self._reader() as reader:
            return await self._ends(reader, await self._places(reader))

    async def _places(self, reader: AIOKafkaConsumer) -> list[TopicPartition]:
        async with asyncio.timeout(DEADLINE):
            for topic in self._topics:
                await reader._client._wait_on_metadata(topic)
        return [
            TopicPartition(topic, number)
            for topic in self._topics
            for number in reader.partitions_for_topic(topic) or ()
        ]

    async def _ends(self, reader: AIOKafkaConsumer, places: Iterable[TopicPartition]) -> dict[Place, int]:
        async with asyncio.timeout(DEADLINE):
            found = await reader.end_offsets(list(places))
        return {(self._topics[tp.topic], tp.partition): end for tp, end in found.items()}

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[AIOKafkaConsumer]:
        reader = self._made()
        try:
            async with asyncio.timeout(DEADLINE):
                await reader.start()
            yield reader
        finally:
            async with asyncio.timeout(DEADLINE):
                await end_reader(reader)

    def _made(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            request_timeout_ms=REQUEST_MS,
            fetch_max_bytes=FETCH_BYTES,
        )

    def _partition_of(self, place: Place) -> TopicPartition:
        stream, partition = place
        return TopicPartition(self._topic_of[stream], partition)


async def end_reader(reader: AIOKafkaConsumer) -> None:
    """Its own stop is cut short by the CancelledError of tasks that it cancels, those that wait to ask a broker again.

    Taken for ours, it would end whoever stops the reader, without a word, and leave the connections open.
    """
    await asyncio.gather(reader.stop(), return_exceptions=True)
    for part in (reader._fetcher, reader._client):
        if part is not None:  # there is no fetcher where the start failed
            await asyncio.gather(part.close(), return_exceptions=True)
