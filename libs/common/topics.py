"""The topics behind the streams, created by a provisioning step: never automatically, never with defaults."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from common.contracts.events import Contract, Stream, StreamKind

DEADLINE = 30.0


def configs(stream: Stream, replication: int) -> dict[str, str]:
    common = {
        "min.insync.replicas": str(min(2, replication)),
        "message.timestamp.type": "LogAppendTime",  # else a producer whose clock is an hour ahead is refused
    }
    if stream.kind is StreamKind.FACTS:
        return {**common, "cleanup.policy": "delete", "retention.ms": "-1"}
    if stream.max_compaction_lag_days is None:
        return {**common, "cleanup.policy": "compact"}
    lag = timedelta(days=stream.max_compaction_lag_days) // timedelta(milliseconds=1)
    return {**common, "cleanup.policy": "compact", "max.compaction.lag.ms": str(lag)}


async def ensure(bootstrap: str, contracts: Iterable[Contract], *, partitions: int, replication: int = 1) -> list[str]:
    """Create the topics that are missing; an existing one is left as it is. Returns the names of all."""
    streams = [stream for contract in contracts for stream in contract.streams]
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=10_000)
    async with asyncio.timeout(DEADLINE):
        await admin.start()
        try:
            new = [NewTopic(s.behind, partitions, replication, topic_configs=configs(s, replication)) for s in streams]
            answer = await admin.create_topics(new, timeout_ms=10_000)
        finally:
            await admin.close()
    for said in answer.to_object()["topic_errors"]:
        error = for_code(said["error_code"])
        if said["error_code"] and error is not TopicAlreadyExistsError:
            raise error(f"{said['topic']}: {said['error_message']}")
    return [stream.behind for stream in streams]
