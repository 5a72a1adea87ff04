"""What one poll returned, acknowledged by the inbox's own places instead of by what FastStream and Kafka remember."""

import asyncio
import logging
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from faststream.kafka.message import KafkaAckableMessage
from faststream.kafka.subscriber.usecase import BatchSubscriber
from faststream.message import StreamMessage

if TYPE_CHECKING:
    from common.inbox import Inbox

Raw: TypeAlias = ConsumerRecord[bytes | None, bytes | None]
Positions: TypeAlias = dict[TopicPartition, int | None]
log = logging.getLogger("bassin.inbox")

COMMIT = 5.0  # seconds; with the coordinator away aiokafka would try for ever


class PromptSubscriber(BatchSubscriber):
    """Polls on at once when a poll was empty, for it has waited already: FastStream sleeps as long again.

    What is published during that sleep would be heard up to 20 ms later, half of all that comes one by one.
    """

    __slots__ = ()

    async def get_msg(self, consumer: AIOKafkaConsumer) -> tuple[Raw, ...]:
        found = await consumer.getmany(timeout_ms=self.batch_timeout_ms, max_records=self.max_records)
        return tuple(chain.from_iterable(found.values()))


class Polled(KafkaAckableMessage):
    """After a failure or a restore the inbox's places are where reading goes on."""

    consumer: AIOKafkaConsumer
    raw_message: tuple[Raw, ...]

    def __init__(self, records: tuple[Raw, ...], consumer: AIOKafkaConsumer, inbox: "Inbox") -> None:
        super().__init__(body=b"", raw_message=records, headers={}, consumer=consumer)
        self._inbox = inbox
        self._touched = {TopicPartition(*place) for place in {(r.topic, r.partition) for r in records}}
        self._since = self._places()

    @property
    def outdated(self) -> bool:
        """A rebalance or a seek came between, or the seek is still to come: this is not what follows our places."""
        return None in self._since.values() or self._since != self._places()

    async def ack(self) -> None:
        """For lag tools only: the offsets that count are in the database."""
        try:
            async with asyncio.timeout(COMMIT):
                await self.consumer.commit(self._mine())
        except (KafkaError, TimeoutError) as lost:  # a rebalance, mostly: the inbox knows the duplicates to come
            log.info("offsets not committed", extra={"error": repr(lost)})
        await StreamMessage.ack(self)

    async def nack(self) -> None:
        for tp, position in self._mine().items():
            self.consumer.seek(tp, position)
        await StreamMessage.nack(self)

    def _mine(self) -> dict[TopicPartition, int]:
        assigned = self.consumer.assignment()
        return {tp: at for tp, at in self._places().items() if tp in assigned and at is not None}

    def _places(self) -> Positions:
        streams, positions = self._inbox.streams, self._inbox.positions
        return {tp: positions.get((streams[tp.topic], tp.partition)) for tp in self._touched}


async def undecoded(message: StreamMessage[Any]) -> Any:
    """The handler gets the message itself: no header and no value is looked at before the inbox does."""
    return message
