"""A pod's environment as its process would find it: ConfigMaps, variables, and the files of mounted Secrets."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from tests.deployment.manifests import Manifest, labels, one, template

from common.cli.operate import COUNTS
from common.settings import PREFIX, Settings
from gateway.settings import GatewaySettings

MOUNTED = ("/run/secrets/bassin", "/etc/bassin")
BY_OPERATORS = {"kafka", *(name.lower() for name, _ in COUNTS)}  # as common.cli.operate and reach look them up
BY_IMAGE = {"service"}  # ENV BASSIN_SERVICE in the Dockerfile
NEVER_DEPLOYED = {"clock_file"}  # moves the business clock of a demo or a test


def kind(name: str) -> type[Settings] | type[GatewaySettings]:
    return GatewaySettings if name == "gateway" else Settings


def fields(name: str) -> set[str]:
    return {field.name for field in msgspec.structs.fields(kind(name))}


def read_by(workload: Manifest) -> set[str]:
    """The settings that the process in its pods looks up."""
    if labels(workload).get("app.kubernetes.io/component") == "operations":
        return BY_OPERATORS
    return fields(labels(workload).get("service", ""))


def environment(manifests: Sequence[Manifest], container: Manifest) -> dict[str, str]:
    """Its variables; one that is named twice is as Kubernetes decides: the container's own."""
    found: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        found |= one(manifests, "ConfigMap", source["configMapRef"]["name"])["data"]
    return found | {variable["name"]: _value(manifests, variable) for variable in container.get("env", ())}


def _value(manifests: Sequence[Manifest], variable: Manifest) -> str:
    if "value" in variable:
        return str(variable["value"])
    key = variable["valueFrom"]["configMapKeyRef"]
    return str(one(manifests, "ConfigMap", key["name"])["data"][key["key"]])


def said(environ: Mapping[str, str]) -> set[str]:
    """The settings that variables give, BASSIN_X or BASSIN_X_FILE."""
    return {name.removeprefix(PREFIX).removesuffix("_FILE").lower() for name in environ}


def files(manifests: Sequence[Manifest], workload: Manifest, secrets: Mapping[str, Any]) -> dict[str, str]:
    """What the volumes of its pods hold, by the path in the container; `secrets` by name, then by key."""
    mounts = {m["name"]: m["mountPath"] for m in template(workload)["spec"]["containers"][0]["volumeMounts"]}
    found = {}
    for volume in template(workload)["spec"]["volumes"]:
        for name, content in _held(manifests, volume, secrets).items():
            found[f"{mounts[volume['name']]}/{name}"] = content
    return found


def _held(manifests: Sequence[Manifest], volume: Manifest, secrets: Mapping[str, Any]) -> dict[str, str]:
    if "configMap" in volume:
        return dict(one(manifests, "ConfigMap", volume["configMap"]["name"])["data"])
    held: dict[str, str] = {}
    for source in volume.get("projected", {}).get("sources", ()):
        if source["secret"].get("optional") and source["secret"]["name"] not in secrets:
            continue
        content = secrets[source["secret"]["name"]]
        items = source["secret"].get("items", [{"key": key, "path": key} for key in content])
        held |= {item["path"]: content[item["key"]] for item in items}
    return held


def laid_out(environ: Mapping[str, str], held: Mapping[str, str], root: Path) -> dict[str, str]:
    """The same environment with its files below `root`; a file that no volume holds stays missing."""
    for path, content in held.items():
        (root / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        (root / path[1:]).write_text(content, "utf-8")
    return {name: f"{root}{value}" if value.startswith(MOUNTED) else value for name, value in environ.items()}
