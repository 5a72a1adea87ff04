"""Every overlay before an API server: stored as it is written, without a warning, and its pods let in."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from tools.kube_kit import kubectl, tried

Manifest = dict[str, Any]
PODS_WITHIN = 60  # seconds
OURS = ("apps", "autoscaling", "batch", "networking.k8s.io", "policy", "rbac.authorization.k8s.io")


def admitted(overlay: Path) -> str:
    """Applied for real, twice; every workload then has its pods, which Pod Security has let in."""
    manifests = [each for each in yaml.safe_load_all(kubectl("kustomize", overlay)) if each]
    foreign = sorted({_kind(each) for each in manifests if _group(each) not in ("", *OURS)})
    for kind in foreign:
        kubectl("apply", "--server-side", "-f", "-", given=json.dumps(_unchecked(*kind)))
        kubectl("wait", "--for", "condition=Established", f"crd/{_plural(kind[2])}.{kind[0]}", "--timeout", "30s")
    namespaces = [each for each in manifests if each["kind"] == "Namespace"]
    assert namespaces, "no namespace of its own"
    _apply(namespaces)
    try:
        _apply(manifests)
        _apply(manifests)
        pods = sum(_has_its_pods(each["metadata"]["name"]) for each in namespaces)
    finally:
        kubectl("delete", "namespace", *(each["metadata"]["name"] for each in namespaces))
    unchecked = f"; taken unchecked, without their CRDs: {', '.join(kind[2] for kind in foreign)}" if foreign else ""
    return f"{len(manifests)} manifests, {pods} pods let in{unchecked}"


def _apply(manifests: list[Manifest]) -> None:
    done = tried("apply", "--server-side", "-f", "-", given=yaml.safe_dump_all(manifests))
    assert done.returncode == 0, done.stderr.strip()[-600:]
    assert "Warning" not in done.stderr, done.stderr.strip()[-600:]


def _has_its_pods(namespace: str) -> int:
    end = time.monotonic() + PODS_WITHIN
    while lacking := sorted(_without_pods(namespace)):
        if time.monotonic() > end:
            why = kubectl("-n", namespace, "get", "events", "--field-selector", "type=Warning", "-o", "name")
            raise AssertionError(f"without their pods: {lacking}; {why[-300:]}")
        time.sleep(0.5)
    return len(kubectl("-n", namespace, "get", "pods", "-o", "name").splitlines())


def _without_pods(namespace: str) -> Iterator[str]:
    found = json.loads(kubectl("-n", namespace, "get", "deployments,statefulsets,jobs", "-o", "json"))
    for each in found["items"]:
        status, wanted = each.get("status", {}), each["spec"].get("replicas", 1)
        if status.get("replicas", status.get("active", 0)) < wanted:
            yield f"{each['kind']} {each['metadata']['name']}"


def _group(manifest: Manifest) -> str:
    group, slash, _ = manifest["apiVersion"].partition("/")
    return str(group) if slash else ""


def _kind(manifest: Manifest) -> tuple[str, str, str]:
    return _group(manifest), manifest["apiVersion"].partition("/")[2], manifest["kind"]


def _plural(kind: str) -> str:
    return f"{kind.lower()}s"


def _unchecked(group: str, version: str, kind: str) -> Manifest:
    """A definition that takes anything: the real one comes with its operator."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    names = {"kind": kind, "plural": _plural(kind), "singular": kind.lower()}
    versions = [{"name": version, "served": True, "storage": True, "schema": schema}]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{_plural(kind)}.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": versions},
    }
