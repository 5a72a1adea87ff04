"""Every metric of the platform, declared once: a dashboard or an alert can name nothing that no service exposes.

Base units; labels are bounded sets (service, stream, handler, job, route, status): never a UAI, never a person.
"""

from collections.abc import Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

FAST = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SLOW = (0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900)


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(f"bassin_{name}", text, ("service", *labels), registry=REGISTRY)


def _gauge(name: str, text: str, *labels: str) -> Gauge:
    return Gauge(f"bassin_{name}", text, ("service", *labels), registry=REGISTRY)


def _histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
    return Histogram(f"bassin_{name}", text, ("service", *labels), buckets=buckets, registry=REGISTRY)


# HTTP. route is the template (/v1/training/sessions/{session}), "unmatched" when there is none.
http_requests = _counter("http_requests_total", "Requests answered", "method", "route", "status")
http_duration = _histogram("http_request_duration_seconds", "Time to answer", FAST, "method", "route")
http_in_progress = _gauge("http_requests_in_progress", "Requests being answered")

# Database.
db_pool_size = _gauge("db_pool_size", "Connections open in the pool")
db_pool_in_use = _gauge("db_pool_in_use", "Connections of the pool in use")
db_pool_limit = _gauge("db_pool_limit", "Connections that the pool may open")
db_size = _gauge("db_size_bytes", "Size of the database on its server's disk")
db_round_trips = _counter("db_round_trips_total", "Statements sent to the database and waited for")

# Clock: jobs wait while it is over 60 s (common.timekeeper), and the gateway's tokens are refused from 30 s on.
clock_ahead = _gauge("clock_ahead_seconds", "How far this process's clock is ahead of its database's")

# Outbox and relay. owner is 1 in the one process that publishes; stopped is 1 until somebody mends the configuration.
outbox_depth = _gauge("outbox_depth", "Events written and not yet published")
outbox_oldest = _gauge("outbox_oldest_seconds", "Age of the oldest unpublished event")
relay_owner = _gauge("relay_owner", "Whether this process is the one that publishes")
relay_stopped = _gauge("relay_stopped", "Whether the relay stopped for good: a refusal that will not go away")
relay_published = _counter("relay_published_total", "Events published", "stream")
relay_takeovers = _counter("relay_takeovers_total", "Times a relay took over and read its topics")
relay_left_open = _counter("relay_left_open_total", "Transactions that Kafka had left open and a relay ended")
relay_late_duplicates = _counter("relay_late_duplicates_total", "Records of ours found twice in the log", "stream")
lost_facts = _counter("lost_facts_total", "Published events that the database had forgotten", "stream")

# Inbox and consumer. fork: the same version of a subject heard with two ids. held: now in infra.held.
inbox_applied = _counter("inbox_applied_total", "Records applied", "stream")
inbox_duplicates = _counter("inbox_duplicates_total", "Records dropped as already applied", "stream")
inbox_waiting = _counter("inbox_waiting_total", "Records put aside until an earlier version arrives", "stream")
inbox_parked = _counter("inbox_parked_total", "Records put aside for a person to look at", "stream")
inbox_forks = _counter("inbox_forks_total", "Versions heard with two different ids", "stream")
inbox_held_waiting = _gauge("inbox_held_waiting", "Records that wait for an earlier version")
inbox_held_parked = _gauge("inbox_held_parked", "Records that wait for a person")
inbox_held_oldest = _gauge("inbox_held_oldest_seconds", "Age of the oldest record that waits for an earlier version")
inbox_batch_duration = _histogram("inbox_batch_duration_seconds", "Time to apply a batch", SLOW)
handler_failures = _counter("handler_failures_total", "Failures of a handler, retries included", "handler")
consumer_stopped = _gauge("consumer_stopped", "Whether the consumer stopped itself until bassin consumer resume")
consumer_last_poll = _gauge("consumer_last_poll_timestamp_seconds", "When the consumer last heard from the broker")
consumer_assigned = _gauge("consumer_assigned_partitions", "Partitions this process reads")
consumer_lag = _gauge("consumer_lag_records", "Records not yet read", "stream")

# Audit and mail. findings: what `bassin audit verify` would list. failed: refused for good, shown to the office.
audit_unsealed_oldest = _gauge("audit_unsealed_oldest_seconds", "Age of the oldest audit line without a seal")
audit_findings = _gauge("audit_findings", "Lines of the audit that are not as they were written")
audit_verified = _gauge("audit_verified_timestamp_seconds", "When the audit chain was last walked")
mail_depth = _gauge("mail_queue_depth", "Mails to send")
mail_oldest = _gauge("mail_queue_oldest_seconds", "Age of the oldest mail to send")
mail_failed = _gauge("mail_failed", "Mails refused for good")
mail_sent = _counter("mail_sent_total", "Mails accepted by the server")

# Jobs.
job_duration = _histogram("job_duration_seconds", "Time of one run", SLOW, "job")
job_failures = _counter("job_failures_total", "Runs that failed", "job")
job_last_success = _gauge("job_last_success_timestamp_seconds", "When the job last succeeded", "job")

# Keys and certificates, of the gateway. endpoint: host:port of a provider or of our own address.
signing_keys_rotated = _gauge("signing_keys_rotated_timestamp_seconds", "When the keys that sign were last rotated")
certificate_expires = _gauge("certificate_expires_timestamp_seconds", "When a TLS certificate ends", "endpoint")

# Business, by académie (common.figures): counts, never a person, never a school. near: within 3 days, work open.
deadline_near = _gauge("deadline_near_open", "What is still to do, its deadline near", "academie", "kind")
directory_schools = _gauge("directory_schools", "Schools of the directory", "academie", "status")
census_schools = _gauge("census_schools", "Schools that a census addresses", "academie", "status", "answer")
census_persons = _gauge("census_persons", "Persons known from a census, erased ones not counted", "academie")
meetings = _gauge("meetings", "Meetings of the networks", "academie", "status")
candidatures = _gauge("candidatures", "Candidatures", "academie", "status")
papers = _gauge("papers", "Numbered papers issued, cancellations included", "academie", "kind")
pay_elements = _gauge("pay_elements", "Elements of the last pay campaigns", "academie", "month", "status")

OF_A_SERVICE = (http_in_progress,)
OF_A_DATABASE = (
    *(db_pool_size, db_pool_in_use, db_pool_limit, db_size, db_round_trips, clock_ahead),
    *(outbox_depth, outbox_oldest, relay_owner, relay_stopped, relay_takeovers, relay_left_open),
    *(inbox_held_waiting, inbox_held_parked, inbox_held_oldest, inbox_batch_duration),
    *(consumer_stopped, consumer_last_poll, consumer_assigned),
    *(audit_unsealed_oldest, audit_findings, audit_verified, mail_depth, mail_oldest, mail_failed, mail_sent),
)
OF_BUSINESS = (
    *(deadline_near, directory_schools, census_schools, census_persons),
    *(meetings, candidatures, papers, pay_elements),
)
OF_A_STREAM_PUBLISHED = (relay_published, relay_late_duplicates, lost_facts)
OF_A_STREAM_HEARD = (*(inbox_applied, inbox_duplicates, inbox_waiting, inbox_parked, inbox_forks, consumer_lag),)
OF_A_JOB = (job_duration, job_failures, job_last_success)


def expose(
    service: str,
    *,
    publishes: Iterable[str] = (),
    hears: Iterable[str] = (),
    handlers: Iterable[str] = (),
    jobs: Iterable[str] = (),
    database: bool = True,
) -> None:
    """Make every series of this service exist from the start, at 0: an alert on an absent series stays silent."""
    for metric in (*OF_A_SERVICE, *(OF_A_DATABASE if database else ())):
        metric.labels(service)
    for kinds, values in (
        (OF_A_STREAM_PUBLISHED, publishes),
        (OF_A_STREAM_HEARD, hears),
        ((handler_failures,), handlers),
        (OF_A_JOB, jobs),
    ):
        for value in values:
            for kind in kinds:
                kind.labels(service, value)


def exposition() -> bytes:
    return generate_latest(REGISTRY)
