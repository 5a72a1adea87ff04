"""By PodMonitor or by annotations a process is given the labels that dashboards and alerts ask for, and no other."""

import subprocess
from pathlib import Path

import pytest
import yaml
from deploy.k8s import prometheus_rule
from tests.deployment.availability import container, servers
from tests.deployment.manifests import K8S, OVERLAYS, labels, objects, of, one, selects, template, workloads

from common.local.prometheus import program

OBSERVABILITY = K8S.parent / "observability"
ANNOTATED = K8S / "prometheus-by-annotations.yml"
OPERATORS = "lille-amiens-operators"


def statically() -> dict[str, str]:
    """The labels of each process in the topology of compose.yaml: service -> job."""
    [job] = yaml.safe_load((OBSERVABILITY / "prometheus.yml").read_text())["scrape_configs"]
    return {of["labels"]["service"]: job["job_name"] for of in job["static_configs"]}


def test_the_pod_monitor_gives_each_process_the_labels_that_compose_gives() -> None:
    manifests = objects(OPERATORS)
    monitor = one(manifests, "PodMonitor", "bassin")["spec"]
    [endpoint] = monitor["podMetricsEndpoints"]
    found = [workload for workload in workloads(manifests) if selects(monitor["selector"], labels(workload))]

    assert monitor["podTargetLabels"] == ["service"]
    assert {labels(pod)["service"]: labels(pod)[monitor["jobLabel"]] for pod in found} == statically()
    assert (endpoint["path"], endpoint["honorLabels"]) == ("/metrics", True)
    assert all(endpoint["port"] in {port["name"] for port in container(pod)["ports"]} for pod in found)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_annotations_say_where_each_process_is_read(overlay: str) -> None:
    manifests = objects(overlay)
    annotated = [
        w for w in workloads(manifests) if "prometheus.io/scrape" in template(w)["metadata"].get("annotations", {})
    ]

    assert annotated == servers(manifests)
    for deployment in annotated:
        said = template(deployment)["metadata"]["annotations"]
        assert said["prometheus.io/path"] == "/metrics"
        assert int(said["prometheus.io/port"]) == container(deployment)["ports"][0]["containerPort"]


def test_by_annotations_too_the_labels_are_those_of_compose() -> None:
    [job] = yaml.safe_load(ANNOTATED.read_text())["scrape_configs"]
    given = {rule["target_label"]: rule["source_labels"] for rule in job["relabel_configs"] if "target_label" in rule}

    assert {job["job_name"]} == set(statically().values())
    assert job["honor_labels"] is True
    assert given["service"] == ["__meta_kubernetes_pod_label_service"]
    assert given["__address__"] == ["__meta_kubernetes_pod_ip", "__meta_kubernetes_pod_annotation_prometheus_io_port"]


def test_promtool_takes_the_configuration_by_annotations(tmp_path: Path) -> None:
    """All but the discovery itself, which Debian builds Prometheus without."""
    promtool = program("promtool")
    if promtool is None:
        pytest.skip("not run: promtool is absent")
    configuration = yaml.safe_load(ANNOTATED.read_text())
    del configuration["scrape_configs"][0]["kubernetes_sd_configs"]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    check = [str(promtool), "check", "config", str(tmp_path / "prometheus.yml")]
    checked = subprocess.run(check, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr


def test_the_operators_alerts_are_those_of_the_rule_files() -> None:
    rules = {rule["metadata"]["name"]: rule["spec"] for rule in of(objects(OPERATORS), "PrometheusRule")}
    files = {file.stem: yaml.safe_load(file.read_text()) for file in (OBSERVABILITY / "rules").glob("*.yml")}

    assert prometheus_rule.PLACE.read_text("utf-8") == prometheus_rule.text()
    assert rules == {f"bassin-{name}": said for name, said in files.items()}


def test_no_rule_names_two_groups_alike() -> None:
    """The API server would refuse it: groups are a map by name."""
    for rule in of(objects(OPERATORS), "PrometheusRule"):
        names = [group["name"] for group in rule["spec"]["groups"]]
        assert len(names) == len(set(names))
