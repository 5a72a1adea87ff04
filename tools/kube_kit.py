"""A real Kubernetes of this machine, built and started by the kit: what kube-prove proves deploy/k8s on.

KUBE_KIT names the kit, ../shared/tools/kube else; KUBE_DIR is where it is built and runs, .bassin/kube else.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import containers_kit
from tools.containers_kit import ROOT, run

KIT = Path(os.environ.get("KUBE_KIT", ROOT.parent / "shared/tools/kube"))
HOME = Path(os.environ.get("KUBE_DIR", ROOT / ".bassin/kube"))
OURS = ROOT / ".bassin" / "kube-kit"  # go writes beside its module
CONTROL = ("etcd", "kubectl", "kube-apiserver", "kube-controller-manager")
NODE = ("kube-scheduler", "kube-proxy", "kubelet", "coredns", "pause")
ENVIRONMENT = {"KUBE_DIR": str(HOME), "KUBECONFIG": str(HOME / "kubeconfig")}


def missing() -> str:
    """What is needed and is not here, in one line; empty where nothing is."""
    if not (KIT / "build.sh").exists():
        return f"not run: it needs the kit of a Kubernetes (KUBE_KIT), looked for in {KIT}, root, and Go"
    return containers_kit.missing()


def build() -> None:
    """From Go modules, once: eleven minutes of two idle cores."""
    shutil.rmtree(OURS, ignore_errors=True)
    shutil.copytree(KIT, OURS)
    run("chmod", "-R", "u+w", OURS)
    if not all((HOME / "bin" / name).exists() for name in (*CONTROL, *NODE)):
        run(OURS / "build.sh", environment=ENVIRONMENT)


@contextmanager
def cluster(level: int) -> Iterator[None]:
    """A new one at each start; 1: manifests are judged and stored, 2: pods run too."""
    run(OURS / "up.sh", level, environment=ENVIRONMENT)
    try:
        yield
    finally:
        run(OURS / "down.sh", environment=ENVIRONMENT)


def kubectl(*command: object, given: str | None = None) -> str:
    """What it printed; AssertionError with its own words where it fails."""
    done = tried(*command, given=given)
    assert done.returncode == 0, f"kubectl {' '.join(map(str, command[:4]))}: {done.stderr.strip()[-600:]}"
    return done.stdout.strip()


def tried(*command: object, given: str | None = None) -> subprocess.CompletedProcess[str]:
    words = [str(HOME / "bin" / "kubectl"), *map(str, command)]
    return subprocess.run(  # noqa: S603
        words, cwd=ROOT, input=given, capture_output=True, text=True, check=False, env={**os.environ, **ENVIRONMENT}
    )


def in_node(*command: object) -> None:
    run(OURS / "in-node.sh", *command, environment=ENVIRONMENT)
