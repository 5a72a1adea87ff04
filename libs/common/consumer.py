"""FastStream's part: one multi-topic batch subscriber a service, whose place in the log is the database's."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.exceptions import NackMessage
from faststream.kafka import KafkaBroker
from faststream.kafka.subscriber.usecase import BatchSubscriber

from common import metrics, roster
from common.batch import TRANSIENT, reason, transient
from common.committed_log import FETCH_BYTES, REQUEST_MS, end_reader
from common.inbox import ConsumerStopped, Inbox, Moved
from common.marks import Verdict
from common.polled import Polled, PromptSubscriber, Raw, undecoded

Place: TypeAlias = tuple[str, int]  # stream, partition
log = logging.getLogger("bassin.inbox")
FASTSTREAM = logging.getLogger("bassin.faststream")
FASTSTREAM.setLevel(logging.ERROR)  # at each start it warns of what we told it

RECORDS = 500  # in one batch, hence in one transaction
POLL_MS = 20  # how long a poll waits; FastStream's default of 200 would hold back a stop as long
WATCH = 1.0  # seconds between two comparisons with the database's place in the log
SLOWEST_RETRY = 10.0  # seconds; far below max_poll_interval_ms
SLOWEST_START = 2.0  # seconds between two attempts to reach a broker or a database that is away


class Consumer(ConsumerRebalanceListener):
    """Keeps one inbox fed while the broker is there, the handlers are known and no operator is awaited."""

    def __init__(self, url: str, inbox: Inbox) -> None:
        self.inbox = inbox
        self.waiting_for = "start"  # why nothing is consumed; "" while it is
        self._url = url
        self._service = inbox.table.service
        self._busy = asyncio.Lock()  # held while a batch is applied, or places are compared
        self._halt = asyncio.Event()
        self._failures = 0  # of batches, since one was applied
        self._starts = 0  # in vain, since one succeeded
        self._subscriber: BatchSubscriber | None = None

    async def run(self) -> None:
        """Until cancelled; a broker that is away, an unknown handler or a stop by the inbox are waited out."""
        if not self.inbox.table.streams:
            return
        while True:
            try:
                if self._may(await roster.refusal(self.inbox)):
                    await self._consume()
            except (KafkaError, *TRANSIENT) as error:
                self.waiting_for = reason(error)
                level = logging.DEBUG if self._starts else logging.WARNING
                log.log(level, "consumer starts again", extra={"error": self.waiting_for})
                self._starts += 1
            await asyncio.sleep(min(WATCH * (self._starts or 1), SLOWEST_START))

    def _may(self, refusal: str) -> bool:
        metrics.consumer_stopped.labels(self._service).set(refusal.startswith(roster.STOPPED))
        if refusal:
            self.waiting_for = refusal
        return not refusal

    async def _consume(self) -> None:
        self._halt.clear()
        self.inbox.positions.clear()
        broker, self._subscriber = self.subscriber()
        try:
            await broker.start()
            self.waiting_for, self._starts = "", 0
            while not self._halt.is_set():
                await self._watch()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._halt.wait(), WATCH)
        finally:
            self._halt.set()
            self.waiting_for = "start"
            metrics.consumer_assigned.labels(self._service).set(0)
            await asyncio.shield(_end(broker, self._subscriber))

    def subscriber(self) -> tuple[KafkaBroker, BatchSubscriber]:
        """No default of FastStream's is relied on: each one here was found to lose, repeat or skip records."""
        broker = self._broker()
        subscriber = broker.subscriber(
            *self.inbox.streams,
            group_id=f"bassin.{self.inbox.consumer}",
            batch=True,
            max_records=RECORDS,
            batch_timeout_ms=POLL_MS,
            fetch_max_bytes=FETCH_BYTES,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            ack_policy=AckPolicy.NACK_ON_ERROR,
            no_reply=True,
            session_timeout_ms=10_000,
            heartbeat_interval_ms=1_000,  # how late a member learns that the group is dealt anew; all wait for it
            listener=self,
            parser=self._polled,
            decoder=undecoded,
        )
        assert isinstance(subscriber, BatchSubscriber)
        subscriber.__class__ = PromptSubscriber
        assert subscriber.ack_policy is AckPolicy.NACK_ON_ERROR
        subscriber(self._apply)
        return broker, subscriber

    def _broker(self) -> KafkaBroker:
        return KafkaBroker(
            self._url.split(","),
            consumer_only=True,
            allow_auto_create_topics=False,
            apply_types=False,
            request_timeout_ms=REQUEST_MS,
            graceful_timeout=20.0,
            log_level=logging.DEBUG,
            logger=FASTSTREAM,
        )

    async def _polled(self, records: tuple[Raw, ...]) -> Polled:
        """Looks at no header and no value: nothing can be skipped here."""
        return Polled(records, self._consumer(), self.inbox)

    def _consumer(self) -> AIOKafkaConsumer:
        assert self._subscriber is not None
        assert self._subscriber.consumer is not None
        return self._subscriber.consumer

    async def _apply(self, polled: Polled) -> None:
        try:
            async with self._busy:
                if self._halt.is_set() or polled.outdated:
                    raise Moved({})
                with metrics.inbox_batch_duration.labels(self._service).time():
                    outcome = await self.inbox.apply(polled.raw_message)
            self._failures = 0
            self._count(outcome.verdicts)
        except Moved as moved:
            if moved.positions:
                self.inbox.positions.update(moved.positions)
                log.warning("place in the log moved", extra={"positions": str(dict(moved.positions))})
            raise NackMessage from moved
        except ConsumerStopped as stopped:
            self._stop(str(stopped))
            raise NackMessage from stopped
        except Exception as error:  # of TRANSIENT, or a bug of the inbox itself: a hot loop without this branch
            await self._back_off(error)
            raise NackMessage from error

    def _stop(self, reason: str) -> None:
        log.error("consumer stopped until an operator resumes it", extra={"why": reason})
        self._halt.set()

    async def _back_off(self, error: Exception) -> None:
        """Shorter if we are to end meanwhile."""
        self._failures += 1
        if self._failures == 1:
            log.warning("batch not applied", extra=_of(error), exc_info=None if transient(error) else error)
        with contextlib.suppress(TimeoutError):  # 2**1024 is no float: hours of failures must not end the back-off
            await asyncio.wait_for(self._halt.wait(), min(0.1 * 2 ** min(self._failures, 10), SLOWEST_RETRY))

    def _count(self, verdicts: dict[tuple[str, Verdict], int]) -> None:
        for (stream, verdict), number in verdicts.items():
            COUNTERS[verdict].labels(self._service, stream).inc(number)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Read on from where this database is, wherever the group's own offsets are."""
        try:
            async with self._busy:
                await self._seek({self._place(tp): tp for tp in assigned})
        except Exception as error:
            self._halt.set()  # without its place nothing may be read: leave the group and start again
            log.warning("places in the log not known", extra=_of(error))
            if not (isinstance(error, KafkaError) or transient(error)):
                raise

    async def _seek(self, places: dict[Place, TopicPartition]) -> None:
        stored = await roster.places(self.inbox)
        ends = await self._consumer().end_offsets(list(places.values()))
        beyond = [
            (*place, f"{tp.topic}/{tp.partition} ends at {ends[tp]}, before {stored[place]}")
            for place, tp in places.items()
            if stored.get(place, 0) > ends[tp]
        ]
        if beyond:
            self._stop(await roster.stop_beyond_the_end(self.inbox, beyond))
            return
        for place, tp in places.items():
            self.inbox.positions[place] = stored.get(place, 0)
            self._consumer().seek(tp, self.inbox.positions[place])

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Let the batch at work end before another replica begins after it."""
        async with self._busy:
            for tp in revoked:
                self.inbox.positions.pop(self._place(tp), None)

    def _place(self, tp: TopicPartition) -> Place:
        return self.inbox.streams[tp.topic], tp.partition

    async def _watch(self) -> None:
        """While nothing arrives: has the database moved under us, has an operator or a newer release spoken?"""
        async with self._busy:
            stored = await roster.places(self.inbox)
            for tp in self._consumer().assignment():
                place = self._place(tp)
                at = stored.get(place, 0)
                if self.inbox.positions.get(place, at) != at:
                    self.inbox.positions[place] = at
                    self._consumer().seek(tp, at)
                    log.warning("place in the log moved", extra={"positions": f"{place}: {at}"})
        if why := await roster.refusal(self.inbox):
            log.error("consumer leaves its group", extra={"why": why})
            self._halt.set()
        await self._gauges()

    async def _gauges(self) -> None:
        consumer = self._consumer()
        assigned = consumer.assignment()
        metrics.consumer_assigned.labels(self._service).set(len(assigned))
        polls = [consumer.last_poll_timestamp(tp) or 0 for tp in assigned]
        metrics.consumer_last_poll.labels(self._service).set(max(polls, default=0) / 1000)
        lags = dict.fromkeys(self.inbox.table.streams, 0)
        for tp in assigned:
            place = self._place(tp)
            if place in self.inbox.positions:
                lags[place[0]] += max((consumer.highwater(tp) or 0) - await self._read(tp), 0)
        for stream, lag in lags.items():
            metrics.consumer_lag.labels(self._service, stream).set(lag)

    async def _read(self, tp: TopicPartition) -> int:
        """Past the markers of transactions too, which no batch shows; but not past a batch that fails."""
        if self._failures:
            return self.inbox.positions[self._place(tp)]
        position: int = await self._consumer().position(tp)
        return position


async def _end(broker: KafkaBroker, subscriber: BatchSubscriber) -> None:
    await broker.stop()
    if subscriber.consumer is not None:  # FastStream did not see that its stop was cut short
        await end_reader(subscriber.consumer)


def _of(error: Exception) -> dict[str, str]:
    return {"error": reason(error)}


COUNTERS = {
    Verdict.APPLY: metrics.inbox_applied,
    Verdict.DUPLICATE: metrics.inbox_duplicates,
    Verdict.FORK: metrics.inbox_forks,
    Verdict.WAIT: metrics.inbox_waiting,
    Verdict.PARK: metrics.inbox_parked,
}
