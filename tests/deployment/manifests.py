"""The overlays of deploy/k8s as the cluster would be given them, and what the tests ask of every object."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import yaml

Manifest: TypeAlias = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
K8S = ROOT / "deploy" / "k8s"
KUBECTL = Path(sys.executable).with_name("kubectl")  # a wheel of the lock brings it
OVERLAYS = sorted(folder.name for folder in (K8S / "overlays").iterdir())
SNAPSHOTS = Path(__file__).with_name("snapshots")


@cache
def text(overlay: str) -> str:
    """What `kubectl apply -k` would send."""
    built = [str(KUBECTL), "kustomize", str(K8S / "overlays" / overlay)]
    return subprocess.run(built, check=True, capture_output=True, text=True).stdout


def objects(overlay: str) -> list[Manifest]:
    """Every object, each time anew: a test may spoil its own."""
    return deepcopy(_read(overlay))


@cache
def _read(overlay: str) -> list[Manifest]:
    return list(yaml.load_all(text(overlay), yaml.CSafeLoader))


def of(manifests: Sequence[Manifest], *kinds: str) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def one(manifests: Sequence[Manifest], kind: str, name: str) -> Manifest:
    [found] = [manifest for manifest in of(manifests, kind) if manifest["metadata"]["name"] == name]
    return found


def title(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def workloads(manifests: Sequence[Manifest]) -> list[Manifest]:
    return of(manifests, "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod")


def template(workload: Manifest) -> Manifest:
    """metadata and spec of the pods that it makes."""
    match workload["kind"]:
        case "Pod":
            return workload
        case "CronJob":
            found: Manifest = workload["spec"]["jobTemplate"]["spec"]["template"]
        case _:
            found = workload["spec"]["template"]
    return found


def containers(workload: Manifest) -> Iterator[Manifest]:
    spec = template(workload)["spec"]
    yield from (*spec.get("initContainers", ()), *spec["containers"])


def labels(workload: Manifest) -> Mapping[str, str]:
    found: Mapping[str, str] = template(workload)["metadata"].get("labels", {})
    return found


def selects(selector: Manifest, labelled: Mapping[str, str]) -> bool:
    """A label selector as Kubernetes reads it: an empty one selects all."""
    wanted = selector.get("matchLabels", {}).items()
    return wanted <= labelled.items() and all(_meets(e, labelled) for e in selector.get("matchExpressions", ()))


def _meets(expression: Manifest, labelled: Mapping[str, str]) -> bool:
    value = labelled.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "NotIn":
            return value not in expression["values"]
        case "Exists":
            return value is not None
        case _:
            return value is None
