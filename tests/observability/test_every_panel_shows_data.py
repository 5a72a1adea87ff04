"""Each query of each dashboard, and each alert, put to a Prometheus that looked on while the letter was played."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from deploy.observability.dashboards.build import PLACE, files
from deploy.observability.dashboards.panels import ACADEMIE
from tests.service.local.demos import Demo

from common.local.visitor import until

SERIES_OF_A_PROCESS = 4000  # of one replica of the busiest service
SENT = 'bassin_pay_elements{status=~"exported|acknowledged|rejected"}'  # one was rejected, and sent again
ACADEMIES = ("09", "20")
SCHOOL_OR_PERSON = re.compile(r"\b\d{7}[A-Z]\b|[0-9a-f]{8}-[0-9a-f]{4}-|@")


class Query(NamedTuple):
    board: str
    panel: str
    expression: str


def queries() -> Iterator[Query]:
    """As Grafana sends them: its variables replaced, a panel that is repeated asked for each académie."""
    for file in sorted(PLACE.glob("*.json")):
        for panel in json.loads(file.read_text("utf-8"))["panels"]:
            for target in panel.get("targets", []):
                expression = target["expr"].replace("$__rate_interval", "15m")
                for academie in ACADEMIES if ACADEMIE in expression else ("",):
                    yield Query(file.stem, panel["title"], expression.replace(ACADEMIE, academie))


@pytest.fixture(scope="session")
def prometheus(observed: Demo) -> Iterator[httpx.Client]:
    """After services have counted what the letter left (every 30 s), and it has scraped that (every 5 s)."""
    with httpx.Client(base_url=f"{observed.report['prometheus']}/api/v1", timeout=10) as client:
        until(lambda: total(client, SENT), lambda found: found == 16, what="the last pay campaign")
        yield client


def asked(prometheus: httpx.Client, expression: str) -> list[dict[str, Any]]:
    answer = prometheus.get("/query", params={"query": expression})
    assert answer.status_code == 200, (expression, answer.text)
    found: list[dict[str, Any]] = answer.json()["data"]["result"]
    return found


def total(prometheus: httpx.Client, gauge: str) -> float:
    found = asked(prometheus, f"sum(max by (academie, status, kind, month) ({gauge}))")
    return float(found[0]["value"][1]) if found else 0.0


def test_the_committed_dashboards_are_what_the_code_says() -> None:
    assert {file.name: file.read_text("utf-8") for file in PLACE.glob("*.json")} == {
        file.name: text for file, text in files().items()
    }


def test_grafana_can_tell_panels_apart() -> None:
    """No Grafana runs here: what it wants of a file is asked of the file."""
    for file in PLACE.glob("*.json"):
        board = json.loads(file.read_text("utf-8"))
        panels = board["panels"]
        assert board["uid"] == file.stem
        assert sorted(panel["id"] for panel in panels) == list(range(1, len(panels) + 1))
        assert all(panel["options"] for panel in panels if panel["type"] != "row")


def test_a_panel_without_a_query_is_none() -> None:
    assert len(list(queries())) > 150


def test_whoever_looks_sees_the_letter(prometheus: httpx.Client, subtests: pytest.Subtests) -> None:
    """One test, so that one worker of the run starts one demo."""
    for seen in (
        every_query_of_every_panel_returns_data,
        the_letter_can_be_read_from_the_dashboards,
        every_process_is_watched_and_no_alert_is_unjudged,
        a_healthy_demo_wakes_nobody,
        no_series_names_a_school_or_a_person_and_a_process_has_few,
    ):
        with subtests.test(seen.__name__):
            seen(prometheus)


def every_query_of_every_panel_returns_data(prometheus: httpx.Client) -> None:
    assert [query for query in queries() if not asked(prometheus, query.expression)] == []


def the_letter_can_be_read_from_the_dashboards(prometheus: httpx.Client) -> None:
    """As its own figures say it: tests/journeys/letter."""

    def counted(gauge: str, enough: int) -> float:
        return until(lambda: total(prometheus, gauge), lambda found: found >= enough, what=gauge)  # type: ignore[no-any-return]

    assert counted("bassin_papers", 352) < 500  # cancellations are papers too
    assert counted("bassin_candidatures", 56) == 56
    assert total(prometheus, SENT) == 16
    for academie in ACADEMIES:
        answered = f'sum(bassin_census_schools{{academie="{academie}",answer="answered"}})'
        assert float(asked(prometheus, answered)[0]["value"][1]) > 0


def every_process_is_watched_and_no_alert_is_unjudged(prometheus: httpx.Client) -> None:
    groups = prometheus.get("/rules").json()["data"]["groups"]
    targets = prometheus.get("/targets").json()["data"]["activeTargets"]

    assert {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}
    assert {target["health"] for target in targets} == {"up"}
    assert {target["labels"]["service"] for target in targets} == {
        "gateway", "territory", "hr_networks", "training", "payroll",
    }  # fmt: skip


def a_healthy_demo_wakes_nobody(prometheus: httpx.Client) -> None:
    """How long an answer takes on a machine that runs other tests says nothing."""
    assert asked(prometheus, 'ALERTS{alertstate="firing",severity="critical",alertname!~"Slowness.*"}') == []


def no_series_names_a_school_or_a_person_and_a_process_has_few(prometheus: httpx.Client) -> None:
    series = asked(prometheus, '{job="bassin"}')
    by_service: dict[str, int] = {}
    for each in series:
        by_service[each["metric"]["service"]] = by_service.get(each["metric"]["service"], 0) + 1

    assert [each["metric"] for each in series if any(map(SCHOOL_OR_PERSON.search, each["metric"].values()))] == []
    assert max(by_service.values()) < SERIES_OF_A_PROCESS, by_service
