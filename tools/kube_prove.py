"""`make kube-prove`: deploy/k8s before a real API server, and the demo overlay on a real node, step by step.

Where the kits are absent it says so and ends with status 3. Network policies are stored there, not enforced; the
autoscaler sees no load, only its smallest number of replicas holds.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tools import containers_kit, kube_demo, kube_images, kube_kit
from tools.containers_kit import ROOT
from tools.kube_admission import admitted
from tools.kube_load import under_load

OVERLAYS = ROOT / "deploy" / "k8s" / "overlays"
TOLD = ROOT / ".bassin" / "kube-commands.jsonl"
LEVELS = ("1", "2")
Step = tuple[str, Callable[[], str]]


def main(levels: list[str]) -> int:
    if said := kube_kit.missing():
        print(said, file=sys.stderr)
        return 3
    containers_kit.set_up()
    kube_kit.build()
    outcomes: list[tuple[str, bool, str]] = []
    if "1" in levels:
        with kube_kit.cluster(1):
            outcomes += [taken(*step) for step in admission()]
    if "2" in levels:
        outcomes += node()
    print("---")
    for name, held, said in outcomes:
        print(f"{name:34} {'held' if held else 'BROKEN':7} {said}")
    print("not enforced there: network policies; not seen there: load, by the autoscalers; not run: Mailpit's image")
    return int(not all(held for _, held, _ in outcomes))


def taken(name: str, work: Callable[[], str]) -> tuple[str, bool, str]:
    """One step; what it says, or why it did not hold."""
    print(f"--- {name}", flush=True)
    began = time.monotonic()
    try:
        said, held = work(), True
    except (AssertionError, subprocess.CalledProcessError) as broken:
        said, held = str(broken), False
    print(f"    {'held' if held else 'BROKEN'} after {time.monotonic() - began:.0f} s: {said}", flush=True)
    return name, held, said


def admission() -> Iterator[Step]:
    for overlay in sorted(path.parent for path in OVERLAYS.glob("*/kustomization.yaml")):
        yield f"overlay {overlay.name} is taken", partial(admitted, overlay)


def node() -> list[tuple[str, bool, str]]:
    """Nothing after a step that is the ground of the others is tried where that one did not hold."""
    kube_images.build_mailbox()
    releases = {release: kube_images.build(release) for release in ("1", "2")}
    with kube_kit.cluster(2):
        kube_images.hand_over([*releases["1"], *releases["2"], *kube_images.DATA])
        outcomes: list[tuple[str, bool, str]] = []
        for step in story():
            outcomes.append(taken(*step))
            if not outcomes[-1][1]:
                told = kube_kit.tried("-n", kube_demo.NAMESPACE, "get", "pods,jobs,events", "-o", "wide")
                (ROOT / ".bassin" / "kube-broken.txt").write_text(told.stdout)
                break
        return outcomes


def story() -> Iterator[Step]:
    yield "the demo comes up from nothing", partial(kube_demo.come_up, "1")
    yield "the journey", kube_demo.journey
    yield "a pod of each killed in a journey", kube_demo.journey_with_a_pod_of_each_killed
    yield "a new release under load", updated
    yield "a drain keeps to the budgets", partial(kube_demo.drain, kube_demo.journey)


def updated() -> str:
    began = time.monotonic()
    TOLD.unlink(missing_ok=True)
    work = partial(kube_demo.roll_out, "2")
    said = under_load(work, gateway=kube_demo.URL, identity=kube_demo.IDENTITY, told=Path(TOLD))
    return f"{said}; {time.monotonic() - began:.0f} s"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(LEVELS)))
