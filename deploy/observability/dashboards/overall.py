"""The whole platform on one page: what users notice, then what carries it, service by service."""

from deploy.observability.dashboards.panels import QUIET, Board, Panel, Row

ASKED = f"{{{QUIET}}}[$__rate_interval]"
BOARD = Board(
    "bassin-platform",
    "Bassin: platform",
    [
        Row(
            "Now",
            [
                Panel("Processes that answer", {"{{service}}": 'sum by (service) (up{job="bassin"})'}, number=True),
                Panel(
                    "Alerts",
                    {
                        "critical": 'count(ALERTS{alertstate="firing",severity="critical"}) or vector(0)',
                        "warning": 'count(ALERTS{alertstate="firing",severity="warning"}) or vector(0)',
                    },
                    number=True,
                ),
                Panel(
                    "To do within three days",
                    {"{{academie}} {{kind}}": "max by (academie, kind) (bassin_deadline_near_open)"},
                    number=True,
                ),
            ],
        ),
        Row(
            "What users notice",
            [
                Panel(
                    "Requests",
                    {"{{service}}": f"sum by (service) (rate(bassin_http_requests_total{ASKED}))"},
                    "reqps",
                    6,
                ),
                Panel("Part that fails", {"{{service}}": "service:http_errors:ratio5m"}, "percentunit", 6),
                Panel("Part over 1 s", {"{{service}}": "service:http_slow:ratio5m"}, "percentunit", 6),
                Panel(
                    "Time to answer, p99",
                    {
                        "{{service}}": "histogram_quantile(0.99, sum by (le, service)"
                        f" (rate(bassin_http_request_duration_seconds_bucket{ASKED})))",
                    },
                    "s",
                    6,
                ),
            ],
        ),
        Row(
            "Delivery",
            [
                Panel("Oldest unpublished event", {"{{service}}": "service:outbox_oldest_seconds:max"}, "s"),
                Panel("Events not yet read", {"{{service}} {{stream}}": "service_stream:consumer_lag:sum"}),
                Panel(
                    "Put aside",
                    {
                        "parked: {{service}}": "max by (service) (bassin_inbox_held_parked)",
                        "waiting: {{service}}": "max by (service) (bassin_inbox_held_waiting)",
                    },
                ),
                Panel("Relays that publish", {"{{service}}": "sum by (service) (bassin_relay_owner)"}),
                Panel("Consumers that stopped", {"{{service}}": "max by (service) (bassin_consumer_stopped)"}),
                Panel(
                    "Oldest mail to send", {"{{service}}": "max by (service) (bassin_mail_queue_oldest_seconds)"}, "s"
                ),
            ],
        ),
        Row(
            "Saturation",
            [
                Panel("Memory", {"{{service}}": "sum by (service) (process_resident_memory_bytes)"}, "bytes", 6),
                Panel(
                    "Processor",
                    {"{{service}}": "sum by (service) (rate(process_cpu_seconds_total[$__rate_interval]))"},
                    "percentunit",
                    6,
                ),
                Panel(
                    "Connections in use",
                    {"{{service}}": "max by (service) (bassin_db_pool_in_use / bassin_db_pool_limit)"},
                    "percentunit",
                    6,
                ),
                Panel("Databases", {"{{service}}": "max by (service) (bassin_db_size_bytes)"}, "bytes", 6),
            ],
        ),
    ],
)
