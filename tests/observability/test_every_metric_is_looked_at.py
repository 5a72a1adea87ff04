"""Each declared metric is in a dashboard or an alert, or one line says why it is in neither."""

import re

from prometheus_client.metrics import MetricWrapperBase

from common import metrics
from common.local.places import ROOT

PLACE = ROOT / "deploy" / "observability"
LOOKED_AT = [*(PLACE / "rules").glob("*.yml"), *(PLACE / "grafana" / "dashboards").glob("*.json")]
NAME = re.compile(r"\bbassin_[a-z0-9_]+")
SUFFIXES = ("_total", "_bucket", "_count", "_sum")

NOT_LOOKED_AT: dict[str, str] = {}  # name: why nobody needs to look


def families() -> set[str]:
    declared = [metric for metric in vars(metrics).values() if isinstance(metric, MetricWrapperBase)]
    return {next(iter(metric.describe())).name for metric in declared}


def named() -> set[str]:
    found = {name for file in LOOKED_AT for name in NAME.findall(file.read_text("utf-8"))}
    return found | {name.removesuffix(suffix) for name in found for suffix in SUFFIXES}


def test_every_metric_is_looked_at_or_says_why_not() -> None:
    assert families() - named() - NOT_LOOKED_AT.keys() == set()


def test_no_excuse_is_left_over() -> None:
    assert NOT_LOOKED_AT.keys() & named() == set()
    assert NOT_LOOKED_AT.keys() - families() == set()
