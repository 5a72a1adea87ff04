"""What a dashboard or an alert names exists in every service from its first second, and its labels are bounded."""

import re
from pathlib import Path

import pytest
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.parser import text_string_to_metric_families

from common import metrics

LABELS = {"service", "stream", "handler", "job", "method", "route", "status", "outcome", "le"}
LIBRARY = Path(metrics.__file__).parent


def declared() -> dict[str, Counter | Gauge | Histogram]:
    return {name: value for name, value in vars(metrics).items() if isinstance(value, (Counter, Gauge, Histogram))}


def exposed(service: str) -> set[str]:
    return {
        sample.name
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
        if sample.labels.get("service") == service
    }


def test_a_service_that_has_done_nothing_exposes_the_declared_set() -> None:
    metrics.expose("idle", publishes=["bassin.idle"], hears=["bassin.other"], handlers=["keep"], jobs=["seal"])

    shown = exposed("idle")
    by_request = {metrics.http_requests, metrics.http_duration, metrics.import_rows}  # known when one comes
    for name, metric in declared().items():
        if metric not in by_request:
            described = next(iter(metric.collect())).name
            assert any(sample.startswith(described) for sample in shown), name


def test_the_gateway_exposes_no_series_of_a_database_it_has_not() -> None:
    metrics.expose("door", database=False)

    assert exposed("door") == {"bassin_http_requests_in_progress"}


@pytest.mark.parametrize("name", sorted(declared()))
def test_names_carry_the_prefix_and_a_base_unit(name: str) -> None:
    family = next(iter(declared()[name].collect()))

    assert re.fullmatch(r"bassin_[a-z_]+", family.name)
    assert not re.search(r"_(ms|millis|minutes|kb|percent)\b", family.name)
    if isinstance(declared()[name], Histogram):
        assert family.name.endswith("_seconds")


def test_labels_are_bounded_sets() -> None:
    for name, metric in declared().items():
        assert set(metric._labelnames) <= LABELS, name
        assert metric._labelnames[0] == "service", name


def test_no_metric_is_declared_elsewhere() -> None:
    for root in (LIBRARY, LIBRARY.parent.parent / "services"):
        for file in root.rglob("*.py"):
            if file.name != "metrics.py":
                assert not re.search(r"\b(Counter|Gauge|Histogram|Summary)\(\s*[\"']", file.read_text("utf-8")), file
