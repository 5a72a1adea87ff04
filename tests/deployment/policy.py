"""What we ask of every manifest and no schema knows: each rule tells its findings, one line each."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from tests.deployment.manifests import Manifest, containers, labels, of, selects, template, title, workloads
from tests.deployment.network import policies, port_numbers

Rule: TypeAlias = Callable[[Sequence[Manifest]], Iterator[str]]
FLOATING = ("", "latest", "main", "master", "stable", "edge")
OURS = "bassin"


def images_are_pinned(manifests: Sequence[Manifest]) -> Iterator[str]:
    for workload in workloads(manifests):
        for container in containers(workload):
            tag = container["image"].rpartition("/")[2].partition(":")[2]
            if tag in FLOATING and "@sha256:" not in container["image"]:
                yield f"{title(workload)}: {container['image']} is not pinned"
            if container.get("imagePullPolicy") != "IfNotPresent":
                yield f"{title(workload)}: {container['name']} does not say IfNotPresent"


def nobody_is_root(manifests: Sequence[Manifest]) -> Iterator[str]:
    for workload in workloads(manifests):
        pod = template(workload)["spec"].get("securityContext", {})
        for container in containers(workload):
            own = {**pod, **container.get("securityContext", {})}
            if not own.get("runAsNonRoot") or not own.get("runAsUser", 0):
                yield f"{title(workload)}: {container['name']} may be root"
            if own.get("seccompProfile", {}).get("type") != "RuntimeDefault":
                yield f"{title(workload)}: {container['name']} has no seccomp profile"
            if own.get("allowPrivilegeEscalation", True) or own.get("capabilities", {}).get("drop") != ["ALL"]:
                yield f"{title(workload)}: {container['name']} keeps rights"
            if own.get("capabilities", {}).get("add") or own.get("privileged"):
                yield f"{title(workload)}: {container['name']} is given rights"


def nothing_of_the_node_is_shared(manifests: Sequence[Manifest]) -> Iterator[str]:
    for workload in workloads(manifests):
        spec = template(workload)["spec"]
        for shared in ("hostNetwork", "hostPID", "hostIPC"):
            if spec.get(shared):
                yield f"{title(workload)}: {shared}"
        if any("hostPath" in volume for volume in spec.get("volumes", ())):
            yield f"{title(workload)}: hostPath"
        if any("hostPort" in port for c in containers(workload) for port in c.get("ports", ())):
            yield f"{title(workload)}: hostPort"


def what_is_ours_writes_only_to_tmp(manifests: Sequence[Manifest]) -> Iterator[str]:
    for workload in workloads(manifests):
        for container in containers(workload):
            read_only = container.get("securityContext", {}).get("readOnlyRootFilesystem")
            if OURS in container["image"] and not read_only:
                yield f"{title(workload)}: {container['name']} may write to its root"
            writable = {m["mountPath"] for m in container.get("volumeMounts", ()) if not m.get("readOnly")}
            if OURS in container["image"] and writable != {"/tmp"}:
                yield f"{title(workload)}: {container['name']} writes to {sorted(writable)}"


def limits_are_set(manifests: Sequence[Manifest]) -> Iterator[str]:
    for workload in workloads(manifests):
        for container in containers(workload):
            given = container.get("resources", {})
            for kind in ("requests", "limits"):
                if missing := {"cpu", "memory"} - given.get(kind, {}).keys():
                    yield f"{title(workload)}: {container['name']} has no {kind} of {', '.join(sorted(missing))}"


def no_pod_holds_a_token(manifests: Sequence[Manifest]) -> Iterator[str]:
    for workload in workloads(manifests):
        if template(workload)["spec"].get("automountServiceAccountToken") is not False:
            yield f"{title(workload)}: its pods are given a token of the cluster"
        if template(workload)["spec"].get("enableServiceLinks") is not False:
            yield f"{title(workload)}: the addresses of all Services are in its environment"


def every_service_is_guarded(manifests: Sequence[Manifest]) -> Iterator[str]:
    """A Service has pods, and a policy beyond « nothing » says who may open each of its ports."""
    for service in of(manifests, "Service"):
        selector = {"matchLabels": service["spec"]["selector"]}
        behind = [w for w in workloads(manifests) if selects(selector, labels(w))]
        if not behind:
            yield f"{title(service)}: no pod"
        for workload in behind:
            ruling = policies(manifests, workload, "Ingress")
            if not any(not policy["spec"].get("ingress") for policy in ruling):
                yield f"{title(service)}: {title(workload)} is not closed by default"
            opened = {
                p["port"] for policy in ruling for rule in policy["spec"].get("ingress", ()) for p in rule["ports"]
            }
            for port in service["spec"]["ports"]:
                if port["targetPort"] not in opened:
                    yield f"{title(service)}: no policy says who may open {port['targetPort']}"
                if port["targetPort"] not in port_numbers(workload):
                    yield f"{title(service)}: {title(workload)} has no port {port['targetPort']}"


RULES: tuple[Rule, ...] = (
    images_are_pinned,
    nobody_is_root,
    nothing_of_the_node_is_shared,
    what_is_ours_writes_only_to_tmp,
    limits_are_set,
    no_pod_holds_a_token,
    every_service_is_guarded,
)
