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
from msgspec import Struct
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


class Times(Struct, frozen=True):
    """In seconds of the machine's clock: per trace, or per school of which each answers once."""

    gateway: dict[str, tuple[float, float]]
    service: dict[str, tuple[float, float]]
    handler: dict[str, tuple[float, float]]
    published: dict[str, float]
    committed: dict[str, float]
    effects: dict[str, float]


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
        await consumer._client._wait_on_metadata(topic)
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


def hops(sent: list[Sent], times: Times) -> list[Hop]:
    """Medians over the commands, in ms from when the client sent."""
    found = [of_one(each, times) for each in sent]
    return [
        Hop(name, *(1000 * median(one[place][end] for one in found) for end in (0, 1)))
        for place, name in enumerate(NAMES)
    ]


def of_one(sent: Sent, times: Times) -> list[tuple[float, float]]:
    [(trace, gateway)] = [(t, s) for t, s in times.gateway.items() if sent.due <= s[0] and s[1] <= sent.answered + LATE]
    service, handler = times.service[trace], times.handler[trace]
    committed, published, effect = times.committed[sent.uai], times.published[trace], times.effects[sent.uai]
    moments = [
        (sent.due, sent.answered),
        gateway,
        service,
        (service[0], committed),
        (committed, published),
        (published, handler[0]),
        (handler[0], effect),
    ]
    return [(begun - sent.due, ended - sent.due) for begun, ended in moments]


async def measured(platform: Platform, collector: Collector) -> list[Hop]:
    census = begin(platform)
    await census.warm()
    sent = await sent_one_by_one(census)
    times = await gathered(platform, census, collector)
    census.disconnect()
    return hops(sent, times)


async def gathered(platform: Platform, census: Census, collector: Collector) -> Times:
    by_service: dict[str, dict[str, tuple[float, float]]] = {"gateway": {}, "hr_networks": {}, "training": {}}
    for service, span in spans(collector):
        if service in by_service and (service == "training" or span.kind == Span.SPAN_KIND_SERVER):
            moments = span.start_time_unix_nano / NANO, span.end_time_unix_nano / NANO
            by_service[service][span.trace_id.hex()] = moments
    rows = await platform.fetch("hr_networks", ANSWERED)
    return Times(
        gateway=by_service["gateway"],
        service=by_service["hr_networks"],
        handler=by_service["training"],
        committed={row["uai"]: row["committed"].timestamp() for row in rows},
        published=await in_kafka(platform.at.kafka),
        effects=await census.committed(),
    )


async def main() -> None:
    load = os.getloadavg()[0]  # before ours
    with collecting() as collector:
        found = await measured(Platform(), collector)
    for hop in found:
        print(f"{hop.begun:6.1f} - {hop.ended:6.1f} ms  {hop.name}")
    title = f"One command and its effect elsewhere: medians of {COMMANDS}, in ms (load average {load:.1f})"
    PLOT.write_text(draw(title, found))


ANSWERED = (
    "SELECT DISTINCT ON (uai) uai, pg_xact_commit_timestamp(xmin) AS committed FROM answer_version ORDER BY uai, 2 DESC"
)
NANO = 1e9
LATE = 0.005  # seconds: a span ends when the answer has left
NAMES = (
    "client: the command, until its answer",
    "gateway: token, route, forward",
    "hr_networks: request",
    "hr_networks: lock, decide, record, COMMIT",
    "relay: woken, reads, hands to Kafka",
    "Kafka transaction, fetch, inbox",
    "training: handler, until COMMIT",
)

if __name__ == "__main__":
    asyncio.run(main())
