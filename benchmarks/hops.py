"""Where a command's time goes, hop by hop: `python -m benchmarks.hops` writes docs/performance.svg.

Each hop's times come from the spans that the product exports, from PostgreSQL's commit timestamps and from the record's
timestamp in Kafka, all by this machine's clock. Commands come one at a time, 20 a second at most.
"""

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from aiokafka import AIOKafkaConsumer, TopicPartition
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from tests.service.common.test_web_spans_reach_a_collector import Collector, Receive

from benchmarks.census import Census, Sent, begin
from benchmarks.gantt import Hop, draw
from benchmarks.platform import Platform
from common.contracts.catalogue import STREAMS
from common.contracts.hr_networks import FACTS
from common.local.places import ROOT
from common.local.ports import LOOPBACK

PLOT = ROOT / "docs" / "performance.svg"
COMMANDS = 60
PAUSE = 0.05  # seconds between two commands
EXPORT = 0.2  # seconds a span waits in its process


@contextmanager
def collecting() -> Iterator[Collector]:
    """The processes that begin while it lasts export their spans to it."""
    collector = Collector((LOOPBACK, 0), Receive)
    collector.received = []
    thread = threading.Thread(target=collector.serve_forever)
    thread.start()
    os.environ |= {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{LOOPBACK}:{collector.server_port}",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
        "OTEL_BSP_SCHEDULE_DELAY": str(int(EXPORT * 1000)),
    }
    try:
        yield collector
    finally:
        collector.shutdown()
        thread.join()
        collector.server_close()


def spans(collector: Collector) -> Iterator[tuple[str, Span]]:
    """Each with its service."""
    for request in collector.received:
        for resource in request.resource_spans:
            names = {a.key: a.value.string_value for a in resource.resource.attributes}
            for scope in resource.scope_spans:
                yield from ((names["service.name"], span) for span in scope.spans)


async def sent_one_by_one(census: Census) -> list[Sent]:
    found = []
    for _ in range(COMMANDS):
        found.append(await census.answer(time.time()))
        await asyncio.sleep(PAUSE)
    assert await census.settled() == 0
    assert all(each.taken for each in found)
    await asyncio.sleep(10 * EXPORT)
    return found


async def in_kafka(bootstrap: str) -> dict[str, float]:
    """Per trace, when its record was made, in seconds."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed")
    await consumer.start()
    try:
        topic = STREAMS[FACTS].behind
        places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        found: dict[str, float] = {}
        while polled := await consumer.getmany(timeout_ms=500):
            for record in (record for records in polled.values() for record in records):
                headers = dict(record.headers)
                found[headers["ce_correlationid"].decode()] = record.timestamp / 1000
        return found
    finally:
        await consumer.stop()
