"""What a dashboard or an alert names exists in every service from its first second, and its labels are bounded."""

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.parser import text_string_to_metric_families

from common import metrics


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
    as_they_come = {metrics.http_requests, metrics.http_duration, *metrics.OF_BUSINESS}
    of_the_gateway = {metrics.signing_keys_rotated, metrics.certificate_expires}
    for name, metric in declared().items():
        if metric not in as_they_come | of_the_gateway:
            described = next(iter(metric.collect())).name
            assert any(sample.startswith(described) for sample in shown), name


def test_the_gateway_exposes_no_series_of_a_database_it_has_not() -> None:
    metrics.expose("door", database=False)

    assert exposed("door") == {"bassin_http_requests_in_progress"}
