"""What an overlay sends is looked at before it is sent: `python -m tests.deployment.snapshots` writes it anew."""

import pytest
from tests.deployment.manifests import (
    OVERLAYS,
    SNAPSHOTS,
    Manifest,
    containers,
    labels,
    objects,
    text,
    title,
    workloads,
)

REPLICAS, SURGE = 2, 1


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_is_as_it_was_last_looked_at(overlay: str) -> None:
    assert text(overlay) == (SNAPSHOTS / f"{overlay}.yaml").read_text("utf-8")


def test_nothing_is_kept_of_an_overlay_that_is_gone() -> None:
    assert sorted(file.stem for file in SNAPSHOTS.iterdir()) == OVERLAYS


def test_a_third_academie_is_configuration_alone() -> None:
    """The same objects but for what is said in ConfigMaps and in the Ingress, and for the names that follow from it."""
    two, three = (comparable(objects(name)) for name in ("lille-amiens", "trois-academies"))

    assert two.keys() == three.keys()
    assert sorted(name for name in two if two[name] != three[name]) == [
        "ConfigMap/gateway-files",
        "ConfigMap/settings",
        "Ingress/bassin",
    ]


def test_a_machine_of_two_cores_carries_the_demo_and_a_rollout_of_it() -> None:
    """Else the new pods wait for Jobs that find no room until the new pods are gone: for ever."""
    asked = 0
    for workload in workloads(objects("demo")):
        most = max(
            int(container["resources"]["requests"]["cpu"].removesuffix("m")) for container in containers(workload)
        )
        asked += most * (REPLICAS + SURGE if "service" in labels(workload) else 1)

    assert asked <= 1000, f"{asked} thousandths of a core"


def comparable(manifests: list[Manifest]) -> dict[str, str]:
    """Each object's text by its title, both without the hash of a ConfigMap's content."""
    hashed = {m["metadata"]["name"] for m in manifests if m["kind"] == "ConfigMap" and m["metadata"]["name"].count("-")}
    found = {}
    for manifest in manifests:
        name, said = title(manifest), str(manifest)
        for one in hashed:
            name, said = (part.replace(one, one.rpartition("-")[0]) for part in (name, said))
        found[name] = said
    return found
