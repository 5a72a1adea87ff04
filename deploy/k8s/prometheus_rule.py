"""Write the alerts as the Prometheus Operator reads them: `python -m deploy.k8s.prometheus_rule`; a test compares."""

from pathlib import Path

import yaml

RULES = Path(__file__).resolve().parents[1] / "observability" / "rules"
PLACE = Path(__file__).resolve().parent / "components" / "prometheus-operator" / "rules.yaml"


def text() -> str:
    """One PrometheusRule with the groups of every file of deploy/observability/rules, in the order of their names."""
    groups = [group for file in sorted(RULES.glob("*.yml")) for group in yaml.safe_load(file.read_text())["groups"]]
    rule = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "bassin"},
        "spec": {"groups": groups},
    }
    return yaml.safe_dump(rule, sort_keys=False, allow_unicode=True, width=120)


if __name__ == "__main__":
    PLACE.write_text(text(), "utf-8")
