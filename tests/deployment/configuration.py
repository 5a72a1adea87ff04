"""What is said to the processes, against what they read: rules like those of policy.py."""

import re
from collections.abc import Iterator, Mapping, Sequence

from tests.deployment import settings
from tests.deployment.availability import container, servers
from tests.deployment.manifests import Manifest, containers, labels, of, one, template, title, workloads

from common.local.layout import service_names

OPTIONAL = {"database-ca"}
OF_EACH = {f"{name.replace('_', '-')}-{of}" for name in service_names() for of in ("database", "operations")}
SECRETS = {"administrator", "keys", "gateway-keys", *OF_EACH}


def every_service_is_deployed_after_it_is_provisioned(manifests: Sequence[Manifest]) -> Iterator[str]:
    jobs = {c["args"][1]: job for job in of(manifests, "Job") for c in containers(job)}
    deployed = {labels(deployment)["service"]: deployment for deployment in servers(manifests)}
    for missing in {*service_names(), "gateway"} ^ deployed.keys():
        yield f"{missing} is not deployed, or is no service"
    for missing in set(service_names()) ^ jobs.keys():
        yield f"{missing} is not provisioned, or is no service"
    for name in deployed.keys() & set(service_names()):
        waits = template(deployed[name])["spec"].get("initContainers", ())
        if [c["args"][:2] for c in waits] != [["provisioned", name]]:
            yield f"{title(deployed[name])}: it does not wait until {name} is provisioned"


def a_job_is_named_after_its_image(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Else the next release would change a Job that has run, which Kubernetes refuses."""
    for job in of(manifests, "Job"):
        [image] = {c["image"] for c in containers(job)}
        if not job["metadata"]["name"].endswith(f"-provision-{image.rpartition(':')[2]}"):
            yield f"{title(job)}: the release of {image} is not in its name"
        for source in (s["configMapRef"]["name"] for c in containers(job) for s in c["envFrom"]):
            if re.search(r"-[a-z0-9]{10}$", source):
                yield f"{title(job)}: it changes with what {source} holds"


def every_setting_is_said(manifests: Sequence[Manifest]) -> Iterator[str]:
    for deployment in servers(manifests):
        said = settings.said(settings.environment(manifests, container(deployment)))
        wanted = settings.fields(labels(deployment)["service"]) - settings.BY_IMAGE - settings.NEVER_DEPLOYED
        for differing in sorted(said ^ wanted):
            yield f"{title(deployment)}: {differing} is not said, or not read"


def every_key_is_read(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Of a ConfigMap by each who is given it."""
    given: set[str] = set()
    for workload in workloads(manifests):
        reads = settings.read_by(workload)
        for name in {s["configMapRef"]["name"] for c in containers(workload) for s in c.get("envFrom", ())}:
            given.add(name)
            for unread in sorted(settings.said(one(manifests, "ConfigMap", name)["data"]) - reads):
                yield f"ConfigMap/{name}: {title(workload)} does not read {unread}"
        for name in {v["configMap"]["name"] for v in template(workload)["spec"].get("volumes", ()) if "configMap" in v}:
            given.add(name)
            named = {c.get("value", "").rpartition("/")[2] for e in containers(workload) for c in e.get("env", ())}
            for unread in sorted(one(manifests, "ConfigMap", name)["data"].keys() - named):
                yield f"ConfigMap/{name}: {title(workload)} does not read {unread}"
    for config in of(manifests, "ConfigMap"):
        if config["metadata"]["name"] not in given:
            yield f"{title(config)}: nobody is given it"


def jobs_and_services_mean_the_same_broker(manifests: Sequence[Manifest]) -> Iterator[str]:
    for job in of(manifests, "Job"):
        [made] = [settings.environment(manifests, c) for c in containers(job)]
        for deployment in servers(manifests):
            read: Mapping[str, str] = settings.environment(manifests, container(deployment))
            for name in ("BASSIN_KAFKA", "BASSIN_PARTITIONS"):
                if name in read and read[name] != made.get(name):
                    yield f"{title(job)}: {name} is not that of {title(deployment)}"


def what_is_named_is_there(manifests: Sequence[Manifest]) -> Iterator[str]:
    there = {title(manifest) for manifest in manifests} | {f"Secret/{name}" for name in SECRETS | OPTIONAL}
    for manifest in manifests:
        for name in sorted(set(_named(manifest)) - there):
            yield f"{title(manifest)}: there is no {name}"


def _named(manifest: Manifest) -> Iterator[str]:
    if manifest["kind"] == "HorizontalPodAutoscaler":
        yield f"Deployment/{manifest['spec']['scaleTargetRef']['name']}"
    if manifest["kind"] == "Ingress":
        paths = (path for rule in manifest["spec"]["rules"] for path in rule["http"]["paths"])
        yield from (f"Service/{path['backend']['service']['name']}" for path in paths)
    if manifest in workloads([manifest]):
        spec = template(manifest)["spec"]
        if "serviceAccountName" in spec:
            yield f"ServiceAccount/{spec['serviceAccountName']}"
        for source in (s for c in containers(manifest) for s in c.get("envFrom", ())):
            yield f"ConfigMap/{source['configMapRef']['name']}"
        for volume in spec.get("volumes", ()):
            yield from _of_volume(volume)


def _of_volume(volume: Manifest) -> Iterator[str]:
    if "configMap" in volume:
        yield f"ConfigMap/{volume['configMap']['name']}"
    if "secret" in volume:
        yield f"Secret/{volume['secret']['secretName']}"
    yield from (f"Secret/{source['secret']['name']}" for source in volume.get("projected", {}).get("sources", ()))


RULES = (
    every_service_is_deployed_after_it_is_provisioned,
    a_job_is_named_after_its_image,
    every_setting_is_said,
    every_key_is_read,
    jobs_and_services_mean_the_same_broker,
    what_is_named_is_there,
)
