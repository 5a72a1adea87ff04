"""The overlay `demo` on a node: brought up from nothing, killed at, updated under load, drained."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tools.containers_kit import BASSIN, ROOT
from tools.kube_kit import HOME, kubectl, tried

from common.local.layout import GATEWAY, service_names

NAMESPACE = "bassin"
URL, IDENTITY = "http://127.0.0.1:30080", "http://127.0.0.1:30081"
NAMES = (GATEWAY, *(name.replace("_", "-") for name in service_names()))
VOLUMES = ("data-postgres-0", "data-kafka-0")
MANIFESTS = ROOT / ".bassin" / "kube-release"  # a copy of deploy/k8s whose demo says another tag, as an operator would
SECRETS = ROOT / ".bassin" / "kubernetes"
KEPT_BACK = re.compile(r"""pods/"([a-z-]+)-[a-z0-9]+-[a-z0-9]+" .*would violate the pod's disruption budget""")
READY_WITHIN = 600  # seconds; the pods of the old release drain for up to a minute each, one after the other


def come_up(release: str) -> str:
    """As docs/deployment.md says; only the volumes, which a cluster's own storage would provide, are made by hand."""
    began = time.monotonic()
    for claim in VOLUMES:
        kubectl("apply", "--server-side", "-f", "-", given=json.dumps(_volume(claim)))
    kubectl("apply", "-f", "deploy/k8s/base/namespace.yaml")
    subprocess.run([BASSIN, "secrets", "create", SECRETS], cwd=ROOT, check=True, capture_output=True)  # noqa: S603
    said = subprocess.run([BASSIN, "secrets", "kubernetes", SECRETS], cwd=ROOT, check=True, capture_output=True)  # noqa: S603
    kubectl("apply", "--namespace", NAMESPACE, "--server-side", "-f", "-", given=said.stdout.decode())
    roll_out(release)
    return f"{len(_pods())} pods ready after {time.monotonic() - began:.0f} s"


def roll_out(release: str) -> None:
    """Apply the demo with every image of ours under that tag, and wait until nothing of another one is left."""
    shutil.rmtree(MANIFESTS, ignore_errors=True)
    shutil.copytree(ROOT / "deploy" / "k8s", MANIFESTS)
    file = MANIFESTS / "overlays" / "demo" / "kustomization.yaml"
    file.write_text(file.read_text().replace('newTag: "1"', f'newTag: "{release}"'))
    identity = file.parent / "identity.yaml"  # not of the platform; another process would have other keys
    identity.write_text(identity.read_text().replace("bassin-operations", "localhost/bassin-operations:1"))
    kubectl("apply", "--server-side", "-k", file.parent)
    for name in NAMES:
        kubectl("-n", NAMESPACE, "rollout", "status", f"deployment/{name}", "--timeout", f"{READY_WITHIN}s")
    settled()
    images = {image for name in NAMES for image in _images(name)}
    assert all(image.endswith(f":{release}") for image in images), f"running: {sorted(images)}"


def settled() -> None:
    """Until every service has both of its replicas, and nothing is on its way out."""
    end = time.monotonic() + READY_WITHIN
    while lacking := [name for name in NAMES if not _whole(name)]:
        assert time.monotonic() < end, f"not ready: {lacking}; {kubectl('-n', NAMESPACE, 'get', 'pods')}"
        time.sleep(1)


def journey() -> str:
    began = time.monotonic()
    done = subprocess.run(_journey(), cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, (done.stdout + done.stderr)[-600:]
    return f"passed in {time.monotonic() - began:.0f} s through port 30080 of the node"


def journey_with_a_pod_of_each_killed() -> str:
    """SIGKILL at once; a further journey is begun where one has ended before the last kill."""
    left, journeys = list(NAMES), 0
    while left:
        journeys += 1
        assert journeys <= len(NAMES), f"never under way when {left} were to be killed"
        played = subprocess.Popen(_journey(), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # noqa: S603
        with played:
            time.sleep(1)
            while left and played.poll() is None:
                kubectl("-n", NAMESPACE, "delete", "pod", _pod_of(left.pop(0)), "--grace-period=0", "--force")
            said, _ = played.communicate()
        assert played.returncode == 0, said.decode()[-600:]
    settled()
    return f"{', '.join(NAMES)} lost a pod each, {journeys} journeys passed, every pod was replaced"


def drain(meanwhile: Callable[[], str]) -> str:
    """One of each pair may go; the second is kept back while the node takes no other in its place."""
    kubectl("cordon", "bassin")
    try:
        asked = ("--pod-selector", "app.kubernetes.io/component in (service,gateway)", "--delete-emptydir-data")
        drained = tried("drain", "bassin", *asked, "--timeout", "60s")
        assert drained.returncode != 0, "the whole node was emptied"
        kept = set(KEPT_BACK.findall(drained.stderr))
        assert kept == set(NAMES), f"kept back: {kept}; {drained.stderr[-600:]}"
        ready = {name: _ready(name) for name in NAMES}
        assert set(ready.values()) == {1}, f"ready: {ready}"
        passed = meanwhile()
    finally:
        kubectl("uncordon", "bassin")
    settled()
    return f"one pod of each went, its budget kept the other back; a journey meanwhile {passed}"


def _journey() -> list[str]:
    return [str(BASSIN), "journey", "--url", URL, "--identity", IDENTITY]


def _pods() -> list[str]:
    return kubectl(
        "-n", NAMESPACE, "get", "pods", "--field-selector", "status.phase=Running", "-o", "name"
    ).splitlines()


def _images(name: str) -> list[str]:
    selector = ("-l", f"app.kubernetes.io/name={name}", "-o", "jsonpath={.items[*].spec.containers[*].image}")
    return kubectl("-n", NAMESPACE, "get", "pods", *selector).split()


def _pod_of(name: str) -> str:
    selector = ("-l", f"app.kubernetes.io/name={name}", "--field-selector", "status.phase=Running")
    return kubectl("-n", NAMESPACE, "get", "pods", *selector, "-o", "jsonpath={.items[0].metadata.name}")


def _ready(name: str) -> int:
    return int(kubectl("-n", NAMESPACE, "get", f"deployment/{name}", "-o", "jsonpath={.status.readyReplicas}") or 0)


def _whole(name: str) -> bool:
    listed = kubectl("-n", NAMESPACE, "get", "pods", "-l", f"app.kubernetes.io/name={name}", "-o", "name")
    return _ready(name) == 2 == len(listed.splitlines())


def _volume(claim: str) -> dict[str, object]:
    """A folder of the node, open to the pod's user: a host's folder is not given to its group."""
    folder = HOME / "volumes" / claim
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    Path(folder).chmod(0o777)
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": claim},
        "spec": {
            "capacity": {"storage": "4Gi"},
            "accessModes": ["ReadWriteOnce"],
            "claimRef": {"namespace": NAMESPACE, "name": claim},
            "hostPath": {"path": str(folder)},
        },
    }
