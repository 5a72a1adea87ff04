"""Write the alerts as the Prometheus Operator reads them: `python -m deploy.k8s.prometheus_rule`; a test compares."""

from pathlib import Path
from typing import Any

import yaml

RULES = Path(__file__).resolve().parents[1] / "observability" / "rules"
PLACE = Path(__file__).resolve().parent / "components" / "prometheus-operator" / "rules.yaml"


def rule(file: Path) -> dict[str, Any]:
    """One PrometheusRule for each file: the names of groups are unique in a file, and must be in a rule."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": f"bassin-{file.stem}"},
        "spec": yaml.safe_load(file.read_text("utf-8")),
    }


def text() -> str:
    rules = [rule(file) for file in sorted(RULES.glob("*.yml"))]
    return yaml.safe_dump_all(rules, sort_keys=False, allow_unicode=True, width=120)


if __name__ == "__main__":
    PLACE.write_text(text(), "utf-8")
