"""One dashboard a service, all made by the same function; what only one service has stands first in its own rows."""

from deploy.observability.dashboards.own import OWN
from deploy.observability.dashboards.panels import QUIET, Board, Panel, Row

from common.service import load

WINDOW = "[$__rate_interval]"


def of(name: str) -> Board:
    """The gateway has neither a database nor events."""
    rows = [*OWN.get(name, []), noticed(name)]
    if name == "gateway":
        rows.append(process(name))
    else:
        heard = [events_in(name)] if load(name).table().streams else []
        rows += [events_out(name), *heard, by_itself(name), process(name), database(name)]
    return Board(f"bassin-{name.replace('_', '-')}", f"Bassin: {name}", rows)


def noticed(name: str) -> Row:
    asked = f'{{service="{name}",{QUIET}}}{WINDOW}'
    failed = f'{{service="{name}",{QUIET},status=~"5.."}}{WINDOW}'
    by_le = f"rate(bassin_http_request_duration_seconds_bucket{asked}))"
    routes = f"sum by (route) (rate(bassin_http_requests_total{asked}))"
    return Row(
        "What users notice",
        [
            Panel("Requests", {"{{status}}": f"sum by (status) (rate(bassin_http_requests_total{asked}))"}, "reqps"),
            Panel(
                "Part that fails, part over 1 s",
                {
                    "fails": f'service:http_errors:ratio5m{{service="{name}"}}',
                    "slow": f'service:http_slow:ratio5m{{service="{name}"}}',
                },
                "percentunit",
            ),
            Panel(
                "Time to answer",
                {f"p{q * 100:.0f}": f"histogram_quantile({q}, sum by (le) ({by_le})" for q in (0.5, 0.95, 0.99)},
                "s",
            ),
            Panel(
                "Errors by route",
                {
                    "{{route}}": f"topk(10, sum by (route) (rate(bassin_http_requests_total{failed})) or 0 * {routes})",
                },
                "reqps",
            ),
            Panel(
                "Slowest routes, p95",
                {"{{route}}": f"topk(10, histogram_quantile(0.95, sum by (le, route) ({by_le}))"},
                "s",
            ),
            Panel("Being answered", {"{{instance}}": f'bassin_http_requests_in_progress{{service="{name}"}}'}),
        ],
    )


def events_out(name: str) -> Row:
    its = f'{{service="{name}"}}'
    return Row(
        "Events out",
        [
            Panel("Wait to be published", {"events": f"service:outbox_depth:max{its}"}),
            Panel("Oldest of them", {"age": f"service:outbox_oldest_seconds:max{its}"}, "s"),
            Panel(
                "Published", {"{{stream}}": f"sum by (stream) (rate(bassin_relay_published_total{its}{WINDOW}))"}, "ops"
            ),
            Panel(
                "Relay",
                {
                    "publishes: {{instance}}": f"bassin_relay_owner{its}",
                    "stopped: {{instance}}": f"bassin_relay_stopped{its}",
                },
            ),
            Panel("Take-overs in an hour", {"{{instance}}": f"increase(bassin_relay_takeovers_total{its}[1h])"}),
            Panel(
                "Found in the log, in an hour",
                {
                    "twice: {{stream}}": f"sum by (stream) (increase(bassin_relay_late_duplicates_total{its}[1h]))",
                    "lost: {{stream}}": f"sum by (stream) (increase(bassin_lost_facts_total{its}[1h]))",
                    "left open": f"sum(increase(bassin_relay_left_open_total{its}[1h]))",
                },
            ),
        ],
    )


def events_in(name: str) -> Row:
    its = f'{{service="{name}"}}'
    put_aside = ("duplicates", "waiting", "parked", "forks")
    return Row(
        "Events in",
        [
            Panel("Applied", {"{{stream}}": f"sum by (stream) (rate(bassin_inbox_applied_total{its}{WINDOW}))"}, "ops"),
            Panel(
                "Not applied at once",
                {each: f"sum(rate(bassin_inbox_{each}_total{its}{WINDOW}))" for each in put_aside},
                "ops",
            ),
            Panel("Not yet read", {"{{stream}}": f"service_stream:consumer_lag:sum{its}"}),
            Panel(
                "Held now",
                {
                    "parked": f"max(bassin_inbox_held_parked{its})",
                    "waiting": f"max(bassin_inbox_held_waiting{its})",
                },
            ),
            Panel("Oldest that waits", {"age": f"max(bassin_inbox_held_oldest_seconds{its})"}, "s"),
            Panel(
                "Time to apply a batch",
                {
                    "p99": "histogram_quantile(0.99, sum by (le)"
                    f" (rate(bassin_inbox_batch_duration_seconds_bucket{its}{WINDOW})))",
                    "mean": f"sum(rate(bassin_inbox_batch_duration_seconds_sum{its}{WINDOW}))"
                    f" / sum(rate(bassin_inbox_batch_duration_seconds_count{its}{WINDOW}))",
                },
                "s",
            ),
            Panel(
                "Failures of handlers, in an hour",
                {"{{handler}}": f"sum by (handler) (increase(bassin_handler_failures_total{its}[1h]))"},
            ),
            Panel(
                "Consumer",
                {
                    "partitions: {{instance}}": f"bassin_consumer_assigned_partitions{its}",
                    "stopped: {{instance}}": f"bassin_consumer_stopped{its}",
                },
            ),
            Panel(
                "Since it heard of the broker",
                {"{{instance}}": f"time() - bassin_consumer_last_poll_timestamp_seconds{its}"},
                "s",
            ),
        ],
    )


def by_itself(name: str) -> Row:
    its = f'{{service="{name}"}}'
    return Row(
        "By itself: jobs, mail, audit",
        [
            Panel(
                "Time of a job",
                {"{{job}}": f"sum by (job) (rate(bassin_job_duration_seconds_sum{its}{WINDOW}))"},
                "percentunit",
            ),
            Panel(
                "Failed runs in an hour", {"{{job}}": f"sum by (job) (increase(bassin_job_failures_total{its}[1h]))"}
            ),
            Panel(
                "Since a job succeeded",
                {"{{job}}": f"time() - max by (job) (bassin_job_last_success_timestamp_seconds{its} > 0)"},
                "s",
            ),
            Panel(
                "Mails",
                {
                    "to send": f"max(bassin_mail_queue_depth{its})",
                    "refused for good": f"max(bassin_mail_failed{its})",
                    "sent in an hour": f"sum(increase(bassin_mail_sent_total{its}[1h]))",
                },
            ),
            Panel("Oldest mail to send", {"age": f"max(bassin_mail_queue_oldest_seconds{its})"}, "s"),
            Panel(
                "Audit",
                {
                    "seconds without a seal": f"max(bassin_audit_unsealed_oldest_seconds{its})",
                    "findings": f"max(bassin_audit_findings{its})",
                    "hours since verified": f"(time() - max(bassin_audit_verified_timestamp_seconds{its})) / 3600",
                },
            ),
        ],
    )


def process(name: str) -> Row:
    its = f'{{service="{name}"}}'
    return Row(
        "Process",
        [
            Panel("Memory", {"{{instance}}": f"process_resident_memory_bytes{its}"}, "bytes"),
            Panel("Processor", {"{{instance}}": f"rate(process_cpu_seconds_total{its}{WINDOW})"}, "percentunit"),
            Panel("Open files", {"{{instance}}": f"process_open_fds{its}"}),
        ],
    )


def database(name: str) -> Row:
    its = f'{{service="{name}"}}'
    return Row(
        "Database",
        [
            Panel(
                "Connections",
                {
                    "in use: {{instance}}": f"bassin_db_pool_in_use{its}",
                    "open: {{instance}}": f"bassin_db_pool_size{its}",
                    "limit": f"max(bassin_db_pool_limit{its})",
                },
            ),
            Panel("Round trips", {"{{instance}}": f"rate(bassin_db_round_trips_total{its}{WINDOW})"}, "ops"),
            Panel("Size", {"on disk": f"max(bassin_db_size_bytes{its})"}, "bytes"),
            Panel("Clock ahead of the database's", {"{{instance}}": f"bassin_clock_ahead_seconds{its}"}, "s"),
        ],
    )
