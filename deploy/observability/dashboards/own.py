"""What only one service has. Replicas tell the same figures of the business: their maximum is the figure."""

from collections.abc import Mapping, Sequence

from deploy.observability.dashboards.panels import Panel, Row


def figure(gauge: str, *labels: str) -> str:
    return f"max by ({', '.join(labels)}) ({gauge})"


def near(kind: str) -> Panel:
    asked = f'bassin_deadline_near_open{{kind="{kind}"}}'
    return Panel("To do within three days", {"{{academie}}": figure(asked, "academie")})


def refused(status: str) -> str:
    asked = f'bassin_http_requests_total{{service="gateway",status="{status}"}}'
    return f"sum(rate({asked}[$__rate_interval])) or vector(0)"


REFUSED = {"401": "unknown", "429": "too many", "502": "no service", "503": "overloaded"}
OWN: Mapping[str, Sequence[Row]] = {
    "gateway": [
        Row(
            "At the door",
            [
                Panel(
                    "Not let through",
                    {f"{status} {why}": refused(status) for status, why in REFUSED.items()},
                    "reqps",
                    16,
                ),
                Panel(
                    "Age of the signing keys",
                    {"age": "time() - max(bassin_signing_keys_rotated_timestamp_seconds)"},
                    "s",
                    number=True,
                ),
            ],
        )
    ],
    "territory": [
        Row(
            "Directory",
            [
                Panel(
                    "Schools",
                    {"{{academie}} {{status}}": figure("bassin_directory_schools", "academie", "status")},
                    width=24,
                )
            ],
        )
    ],
    "hr_networks": [
        Row(
            "Censuses and networks",
            [
                Panel(
                    "Schools addressed by open censuses",
                    {"{{academie}} {{answer}}": figure('bassin_census_schools{status="open"}', "academie", "answer")},
                ),
                Panel("Persons known", {"{{academie}}": figure("bassin_census_persons", "academie")}),
                near("census"),
                Panel(
                    "Meetings", {"{{academie}} {{status}}": figure("bassin_meetings", "academie", "status")}, width=24
                ),
            ],
        )
    ],
    "training": [
        Row(
            "Candidatures and papers",
            [
                Panel("Candidatures", {"{{academie}} {{status}}": figure("bassin_candidatures", "academie", "status")}),
                Panel("Papers issued", {"{{academie}} {{kind}}": figure("bassin_papers", "academie", "kind")}),
                near("avis"),
            ],
        )
    ],
    "payroll": [
        Row(
            "Elements of pay",
            [
                Panel(
                    "By campaign",
                    {"{{academie}} {{month}} {{status}}": figure("bassin_pay_elements", "academie", "month", "status")},
                    width=16,
                ),
                near("pay"),
            ],
        )
    ],
}
