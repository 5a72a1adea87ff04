"""FastStream's part: one multi-topic batch subscriber a service, whose place in the log is the database's."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from faststream import AckPolicy
from faststream.exceptions import NackMessage
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage
from faststream.kafka.subscriber.usecase import BatchSubscriber
from faststream.message import StreamMessage

from common import metrics, roster
from common.batch import TRANSIENT
from common.inbox import ConsumerStopped, Inbox, Moved
from common.marks import Verdict

Raw: TypeAlias = ConsumerRecord[bytes | None, bytes | None]
log = logging.getLogger("bassin.inbox")

RECORDS = 500  # in one batch, hence in one transaction
POLL_MS = 20  # FastStream's default of 200 sleeps after an empty poll
WATCH = 1.0  # seconds between two comparisons with the database's place in the log
SLOWEST_RETRY = 10.0  # seconds; far below max_poll_interval_ms


class Batch(KafkaAckableMessage):
    """Acknowledged by the inbox's own places: after a failure or a restore they are where reading goes on."""

    consumer: AIOKafkaConsumer
    raw_message: tuple[Raw, ...]
    places: Callable[[Iterable[Raw]], dict[TopicPartition, int]]

    async def ack(self) -> None:
        """For lag tools only: the offsets that count are in the database."""
        try:
            await self.consumer.commit(self._mine())
        except (CommitFailedError, IllegalStateError) as lost:  # a rebalance: the inbox knows the duplicates to come
            log.info("offsets not committed", extra={"error": repr(lost)})
        await StreamMessage.ack(self)

    async def nack(self) -> None:
        for tp, position in self._mine().items():
            self.consumer.seek(tp, position)
        await StreamMessage.nack(self)

    def _mine(self) -> dict[TopicPartition, int]:
        assigned = self.consumer.assignment()
        return {tp: position for tp, position in self.places(self.raw_message).items() if tp in assigned}


class Consumer(ConsumerRebalanceListener):
    """Keeps one inbox fed while the broker is there, the handlers are known and no operator is awaited."""

    def __init__(self, url: str, inbox: Inbox) -> None:
        self.inbox = inbox
        self.waiting_for = "start"  # why nothing is consumed; "" while it is
        self._url = url
        self._service = inbox.table.service
        self._busy = asyncio.Lock()  # held while a batch is applied, or places are compared
        self._halt = asyncio.Event()
        self._failures = 0
        self._subscriber: BatchSubscriber | None = None

    async def run(self) -> None:
        """Until cancelled; a broker that is away, an unknown handler or a stop by the inbox are waited out."""
        if not self.inbox.table.streams:
            return
        while True:
            try:
                self.waiting_for = await roster.refusal(self.inbox)
                if not self.waiting_for:
                    await self._consume()
            except (KafkaError, *TRANSIENT) as error:
                self.waiting_for = f"{type(error).__name__}: {error}"
                log.warning("consumer starts again", extra={"error": self.waiting_for})
            stopped = self.waiting_for.startswith(roster.STOPPED)
            metrics.consumer_stopped.labels(self._service).set(stopped)
            await asyncio.sleep(WATCH)

    async def _consume(self) -> None:
        self._halt.clear()
        broker, self._subscriber = self.subscriber()
        try:
            await broker.start()
            while not self._halt.is_set():
                await self._watch()
                try:
                    async with asyncio.timeout(WATCH):
                        await self._halt.wait()
                except TimeoutError:
                    continue
        finally:
            await asyncio.shield(broker.stop())

    def subscriber(self) -> tuple[KafkaBroker, BatchSubscriber]:
        """No default of FastStream's is relied on: each one here was found to lose, repeat or skip records."""
        broker = self._broker()
        subscriber = broker.subscriber(
            *self.inbox.streams,
            group_id=f"bassin.{self.inbox.consumer}",
            batch=True,
            max_records=RECORDS,
            batch_timeout_ms=POLL_MS,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            ack_policy=AckPolicy.NACK_ON_ERROR,
            no_reply=True,
            session_timeout_ms=10_000,
            listener=self,
            parser=self._raw,
            decoder=_undecoded,
        )
        assert isinstance(subscriber, BatchSubscriber)
        assert subscriber.ack_policy is AckPolicy.NACK_ON_ERROR
        subscriber(self._apply)
        return broker, subscriber

    def _broker(self) -> KafkaBroker:
        return KafkaBroker(
            self._url,
            consumer_only=True,
            allow_auto_create_topics=False,
            apply_types=False,
            graceful_timeout=20.0,
            log_level=logging.DEBUG,
            logger=log,
        )

    async def _raw(self, records: tuple[Raw, ...]) -> Batch:
        """Looks at no header and no value: nothing can be skipped here."""
        batch = Batch(body=b"", raw_message=records, headers={}, consumer=self._consumer())
        batch.places = self._places
        return batch

    def _consumer(self) -> AIOKafkaConsumer:
        assert self._subscriber is not None
        assert self._subscriber.consumer is not None
        return self._subscriber.consumer

    def _places(self, records: Iterable[Raw]) -> dict[TopicPartition, int]:
        touched = {TopicPartition(r.topic, r.partition) for r in records}
        return {tp: self.inbox.positions[self.inbox.streams[tp.topic], tp.partition] for tp in touched}

    async def _apply(self, records: tuple[Raw, ...]) -> None:
        try:
            async with self._busy:
                with metrics.inbox_batch_duration.labels(self._service).time():
                    outcome = await self.inbox.apply(records)
            self._failures = 0
            self._count(outcome.verdicts)
        except Moved as moved:
            self.inbox.positions.update(moved.positions)
            log.warning("place in the log moved", extra={"positions": str(dict(moved.positions))})
            raise NackMessage from moved
        except ConsumerStopped as stopped:
            log.error("consumer stopped until an operator resumes it", extra={"reason": str(stopped)})
            self._halt.set()
            await asyncio.sleep(WATCH)
            raise NackMessage from stopped
        except Exception as error:  # of TRANSIENT, or a bug of the inbox itself: a hot loop without this branch
            await self._back_off(error)
            raise NackMessage from error

    async def _back_off(self, error: Exception) -> None:
        self._failures += 1
        if self._failures == 1:
            log.warning("batch not applied", exc_info=None if isinstance(error, TRANSIENT) else error)
        await asyncio.sleep(min(0.1 * 2**self._failures, SLOWEST_RETRY))

    def _count(self, verdicts: dict[tuple[str, Verdict], int]) -> None:
        for (stream, verdict), number in verdicts.items():
            COUNTERS[verdict].labels(self._service, stream).inc(number)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Read on from where this database is, wherever the group's own offsets are."""
        async with self._busy:
            places = {self._place(tp): tp for tp in assigned}
            stored = await roster.places(self.inbox)
            ends = await self._consumer().end_offsets(list(places.values()))
            for place, tp in places.items():
                position = stored.get(place, 0)
                if position > ends[tp]:
                    await roster.stop(self.inbox, f"{tp.topic}/{tp.partition} ends at {ends[tp]}, before {position}")
                    self._halt.set()
                self.inbox.positions[place] = position
                self._consumer().seek(tp, position)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Let the batch at work end before another replica begins after it."""
        async with self._busy:
            for tp in revoked:
                self.inbox.positions.pop(self._place(tp), None)

    def _place(self, tp: TopicPartition) -> tuple[str, int]:
        return self.inbox.streams[tp.topic], tp.partition

    async def _watch(self) -> None:
        """While nothing arrives: has the database moved under us, has an operator or a newer release spoken?"""
        async with self._busy:
            stored = await roster.places(self.inbox)
            for tp in self._consumer().assignment():
                place = self._place(tp)
                if place in stored and place in self.inbox.positions and stored[place] != self.inbox.positions[place]:
                    self.inbox.positions[place] = stored[place]
                    self._consumer().seek(tp, stored[place])
                    log.warning("place in the log moved", extra={"positions": f"{place}: {stored[place]}"})
        if why := await roster.refusal(self.inbox):
            log.error("consumer leaves its group", extra={"reason": why})
            self._halt.set()
        self._gauges()

    def _gauges(self) -> None:
        consumer = self._consumer()
        assigned = consumer.assignment()
        metrics.consumer_assigned.labels(self._service).set(len(assigned))
        polls = [consumer.last_poll_timestamp(tp) or 0 for tp in assigned]
        metrics.consumer_last_poll.labels(self._service).set(max(polls, default=0) / 1000)
        lags = dict.fromkeys(self.inbox.table.streams, 0)
        for tp in assigned:
            stream, _ = place = self._place(tp)
            lags[stream] += max((consumer.highwater(tp) or 0) - self.inbox.positions.get(place, 0), 0)
        for stream, lag in lags.items():
            metrics.consumer_lag.labels(self._service, stream).set(lag)


async def _undecoded(message: StreamMessage[Any]) -> Any:
    return message.raw_message


COUNTERS = {
    Verdict.APPLY: metrics.inbox_applied,
    Verdict.DUPLICATE: metrics.inbox_duplicates,
    Verdict.FORK: metrics.inbox_forks,
    Verdict.WAIT: metrics.inbox_waiting,
    Verdict.PARK: metrics.inbox_parked,
}
