"""Stands between two topics and delivers as badly as a log can: again, too early, too late, or spoiled."""

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.structs import RecordMetadata
from msgspec import Struct
from tests.faults.launch import carried_topic
from tests.faults.stage import LISTENER, Stage

from common.contracts.hr_networks import FACTS, PEOPLE
from common.envelope import Headers

STREAMS = (FACTS, PEOPLE)
PARTITIONS = 3


class Letter(Struct, frozen=True):
    """One record on its way to the listener."""

    stream: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers


Courier: TypeAlias = Callable[[list[Letter]], Iterable[Letter]]  # what becomes of records that were just published


class Carrier:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._producer = AIOKafkaProducer(bootstrap_servers=stage.kafka, linger_ms=5)
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=stage.kafka, isolation_level="read_committed", enable_auto_commit=False
        )
        self.courier: Courier = faithful
        self.sent_at: dict[tuple[str, str], float] = {}  # subject, version -> wall clock
        self.carried = 0

    async def run(self) -> None:
        while True:
            polled = await self._consumer.getmany(timeout_ms=20)
            letters = [letter_of(record) for records in polled.values() for record in records]
            await self.send(self.courier(letters))

    async def idle(self) -> bool:
        """Nothing published is still to be carried."""
        places = self._consumer.assignment()
        ends = await self._consumer.end_offsets(list(places))
        return all([await self._consumer.position(place) >= end for place, end in ends.items()])

    async def send(self, letters: Iterable[Letter]) -> None:
        sent = []
        for letter in letters:
            sent.append(await post(self._producer, letter, self._stage.carried))
            self._stamp(letter)
        await asyncio.gather(*sent)
        self.carried += len(sent)

    def _stamp(self, letter: Letter) -> None:
        named = {name: value.decode("utf-8", "replace") for name, value in letter.headers if value is not None}
        self.sent_at.setdefault((named.get("ce_subject", ""), named.get("ce_aggregateversion", "")), time.time())

    async def open(self) -> None:
        await self._producer.start()
        await self._consumer.start()
        places = [TopicPartition(stream, number) for stream in STREAMS for number in range(PARTITIONS)]
        self._consumer.assign(places)
        await self._consumer.seek_to_end(*places)
        for place in places:
            await self._consumer.position(place)

    async def close(self) -> None:
        await self._consumer.stop()
        await self._producer.stop()


@asynccontextmanager
async def carrying(stage: Stage) -> AsyncIterator[Carrier]:
    """The listener hears through a carrier while it lasts."""
    await listen_to_carrier(stage)
    carrier = Carrier(stage)
    await carrier.open()
    task = asyncio.create_task(carrier.run())
    try:
        yield carrier
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await carrier.close()


async def listen_to_carrier(stage: Stage) -> None:
    """From topics that nobody carried to before: they are read from their beginnings, poison and all."""
    if not stage.carried:
        suffix = f"carried-{secrets.token_hex(3)}"
        await listen_elsewhere(stage, LISTENER, STREAMS, suffix)
        stage.carried = suffix


async def listen_again(stage: Stage) -> None:
    if stage.carried:
        await listen_back(stage, LISTENER, STREAMS)
        stage.carried = ""


async def listen_elsewhere(stage: Stage, listener: str, streams: Sequence[str], suffix: str) -> None:
    """As a stream is moved to another topic: the offsets are forgotten, the marks know what was applied."""
    await stage.terminate(listener)
    await _topics(stage, [carried_topic(stream, suffix) for stream in streams])
    await stage.query(listener, FORGET, list(streams))
    await stage.start(listener, "tests.faults.launch:carried", suffix, *streams)


async def listen_back(stage: Stage, listener: str, streams: Sequence[str]) -> None:
    """Back to the producers' own topics, from their beginnings."""
    await stage.terminate(listener)
    await stage.query(listener, FORGET, list(streams))
    await stage.start(listener)


async def _topics(stage: Stage, names: Iterable[str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=stage.kafka)
    await admin.start()
    await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names])
    await admin.close()


async def post(producer: AIOKafkaProducer, letter: Letter, suffix: str) -> "asyncio.Future[RecordMetadata]":
    topic, headers = carried_topic(letter.stream, suffix), [*letter.headers]
    sent: asyncio.Future[RecordMetadata] = await producer.send(
        topic, letter.value, letter.key, partition=letter.partition, headers=headers
    )
    return sent


def letter_of(record: "ConsumerRecord[bytes | None, bytes | None]") -> Letter:
    return Letter(record.topic, record.partition, record.key, record.value, tuple(record.headers))


def faithful(letters: list[Letter]) -> list[Letter]:
    return letters


class Repeating:
    """Each record 1 to 5 times, its repetitions among those that follow."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._due: list[tuple[int, Letter]] = []
        self._place = 0
        self.repeated = 0

    def __call__(self, letters: list[Letter]) -> Iterable[Letter]:
        for letter in letters:
            yield letter
            self._place += 1
            copies = self._rng.randint(0, 4)
            self.repeated += copies
            self._due += [(self._place + self._rng.randint(0, 20), letter) for _ in range(copies)]
            yield from self._now()

    def _now(self) -> list[Letter]:
        now = [letter for at, letter in self._due if at <= self._place]
        self._due = [(at, letter) for at, letter in self._due if at > self._place]
        return now

    def rest(self) -> list[Letter]:
        rest = [letter for _, letter in self._due]
        self._rng.shuffle(rest)
        self._due.clear()
        return rest


class Shuffling:
    """Records leave in any order, a window at a time; some facts are kept back until `rest`."""

    def __init__(self, rng: random.Random, *, kept_back: float, window: int = 12) -> None:
        self._rng, self._kept_back, self._window = rng, kept_back, window
        self._waiting: list[Letter] = []
        self.missing: list[Letter] = []

    def __call__(self, letters: list[Letter]) -> Iterable[Letter]:
        for letter in letters:
            if letter.stream == FACTS and self._rng.random() < self._kept_back:
                self.missing.append(letter)
            else:
                self._waiting.append(letter)
        while len(self._waiting) > self._window:
            yield self._waiting.pop(self._rng.randrange(self._window))

    def flush(self) -> list[Letter]:
        """All but what is kept back."""
        self._rng.shuffle(self._waiting)
        rest, self._waiting = self._waiting, []
        return rest

    def rest(self) -> list[Letter]:
        self._rng.shuffle(self.missing)
        rest, self.missing = self.missing, []
        return rest


FORGET = 'DELETE FROM infra."offset" WHERE stream = ANY($1)'
