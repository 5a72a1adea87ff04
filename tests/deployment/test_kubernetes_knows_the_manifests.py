"""Every object against the schemas of Kubernetes, of the version that we run and of the newest there is."""

from collections.abc import Sequence

import pytest
from kubernetes_validate.utils import SchemaNotFoundError, ValidationError, validate
from tests.deployment.manifests import OVERLAYS, Manifest, objects, one, template

VERSIONS = ("1.34", "1.37")
# What operators bring with them: no schema of Kubernetes knows it.
FOREIGN = ("monitoring.coreos.com/v1", "postgresql.cnpg.io/v1", "kafka.strimzi.io/v1")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_object_is_of_its_kind(overlay: str, version: str) -> None:
    ours = [manifest for manifest in objects(overlay) if manifest["apiVersion"] not in FOREIGN]

    assert refused(ours, version) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_field_that_is_misspelt_or_wrong_is_refused(version: str) -> None:
    misspelt, wrong = (one(objects("demo"), "Deployment", "training") for _ in range(2))
    container = template(misspelt)["spec"]["containers"][0]
    container["livenesProbe"] = container.pop("livenessProbe")
    template(wrong)["spec"]["containers"][0]["ports"][0]["containerPort"] = "http"

    assert len(refused([misspelt, wrong], version)) == 2


@pytest.mark.parametrize("version", VERSIONS)
def test_a_kind_that_no_longer_exists_is_refused(version: str) -> None:
    autoscaler = one(objects("demo"), "HorizontalPodAutoscaler", "training")
    autoscaler["apiVersion"] = "autoscaling/v2beta2"

    assert len(refused([autoscaler], version)) == 1


def refused(manifests: Sequence[Manifest], version: str) -> list[str]:
    found = []
    for manifest in manifests:
        try:
            validate(manifest, version, strict=True)
        except ValidationError as error:
            found.append(f"{manifest['kind']} {manifest['metadata']['name']}: {error.message}")
        except SchemaNotFoundError as unknown:
            found.append(unknown.message)
    return found
