"""One place declares what is measured: nothing else makes a metric, nothing declared is forgotten, all is told."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from common import metrics
from common.service import load, services

Modules: TypeAlias = Mapping[Path, ast.Module]

DECLARED = {name: metric for name, metric in vars(metrics).items() if isinstance(metric, MetricWrapperBase)}
PLACE = Path("libs/common/metrics.py")
NAME = re.compile(r"\bbassin_[a-z][a-z0-9_]*[a-z0-9]")
MAKERS = {"Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"}
LABELS = {"service", "stream", "handler", "job", "method", "route", "status"}
OF_BUSINESS = {
    "academie",
    "kind",
    "status",
    "answer",
    "month",
}  # the first always; the others are closed sets or a year
SUFFIXES = ("_total", "_bucket", "_count", "_sum", "_created")

# Their labels are known only when something happens: an alert asks for them with `or vector(0)`.
AS_THEY_COME = {"http_requests", "http_duration", "certificate_expires"}
OF_THE_GATEWAY = {"signing_keys_rotated"}


def family(metric: MetricWrapperBase) -> str:
    return next(iter(metric.describe())).name


def test_nothing_else_makes_a_metric(modules: Modules) -> None:
    makers = [
        f"{file}: {ast.unparse(node)}"
        for file, module in modules.items()
        if file != PLACE and "prometheus_client" in ast.unparse(module)
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in MAKERS
    ]

    assert makers == []


def test_every_metric_that_is_named_is_declared_and_every_declared_one_is_used(modules: Modules) -> None:
    named = {name for file, module in modules.items() if file != PLACE for name in taken(module)}

    assert {name for name in named if not hasattr(metrics, name)} == set()
    assert DECLARED.keys() - named == set()


def taken(module: ast.Module) -> Iterator[str]:
    """x of every `metrics.x`."""
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "metrics":
            yield node.attr


def test_a_name_says_its_unit_and_labels_are_bounded() -> None:
    for metric in DECLARED.values():
        about = next(iter(metric.describe()))
        assert NAME.fullmatch(about.name)
        assert about.type != "histogram" or about.name.endswith("_seconds")
        assert metric._labelnames[0] == "service"
        assert set(metric._labelnames) <= allowed(metric)


def allowed(metric: MetricWrapperBase) -> set[str]:
    if metric in metrics.OF_BUSINESS:
        return {"service"} | OF_BUSINESS
    return LABELS | ({"endpoint"} if metric is metrics.certificate_expires else set())


def test_whatever_a_document_or_a_dashboard_names_is_declared(tracked: Sequence[Path], root: Path) -> None:
    known = {family(metric) for metric in DECLARED.values()}
    roles_and_topics = tuple(f"bassin_{name}" for name in services())
    unknown = [
        (str(file.relative_to(root)), name)
        for file in tracked
        if file.relative_to(root).parts[0] in {"docs", "deploy", "README.md"}
        and file.suffix in {".md", ".yml", ".yaml", ".json"}
        for name in NAME.findall(file.read_text("utf-8"))
        if not name.startswith(roles_and_topics) and not told(name, known)
    ]

    assert unknown == []


def told(name: str, known: set[str]) -> bool:
    return name in known or any(name.removesuffix(suffix) in known for suffix in SUFFIXES)


@pytest.mark.parametrize("name", sorted(services()))
def test_every_service_tells_each_metric_before_anything_has_happened(name: str) -> None:
    """An alert on a series that does not exist yet would stay silent."""
    service = load(name)
    service.expose_metrics()
    told = {
        family.name
        for family in text_string_to_metric_families(metrics.exposition().decode())
        if any(sample.labels.get("service") == name for sample in family.samples)
    }

    business = {
        metric for metric, declared in DECLARED.items() if declared in metrics.OF_BUSINESS
    }  # once it was counted
    unheard = without_reason(bool(service.table().streams))
    expected = DECLARED.keys() - AS_THEY_COME - OF_THE_GATEWAY - business - unheard
    assert {family(DECLARED[metric]) for metric in expected} - told == set()


def without_reason(hears: bool) -> set[str]:
    """What a service that listens to nothing has no series of."""
    heard = {*metrics.OF_A_STREAM_HEARD, metrics.handler_failures}
    return set() if hears else {name for name, metric in DECLARED.items() if metric in heard}
