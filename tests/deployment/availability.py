"""What keeps the platform answering while pods come, go and are moved: rules like those of policy.py."""

from collections.abc import Iterator, Mapping, Sequence

from tests.deployment.manifests import Manifest, labels, of, one, selects, template, title, workloads

PROBES = {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
COMPONENTS = ("service", "gateway")


def servers(manifests: Sequence[Manifest]) -> list[Manifest]:
    """The Deployments of the services and of the gateway."""
    found = of(manifests, "Deployment")
    return [d for d in found if labels(d).get("app.kubernetes.io/component") in COMPONENTS]


def container(deployment: Manifest) -> Manifest:
    [found] = template(deployment)["spec"]["containers"]
    return dict(found)


def long_runners_are_probed(manifests: Sequence[Manifest]) -> Iterator[str]:
    for workload in of(workloads(manifests), "Deployment", "StatefulSet"):
        if workload["spec"].get("replicas") == 0:  # an operator's, for as long as he is in it
            continue
        for each in template(workload)["spec"]["containers"]:
            for probe in ("readinessProbe", "livenessProbe"):
                if probe not in each:
                    yield f"{title(workload)}: no {probe}"


def probes_ask_what_the_code_answers(manifests: Sequence[Manifest]) -> Iterator[str]:
    for deployment in servers(manifests):
        for probe, path in PROBES.items():
            if container(deployment).get(probe, {}).get("httpGet") != {"path": path, "port": "http"}:
                yield f"{title(deployment)}: {probe} does not ask {path}"


def a_rollout_takes_none_away(manifests: Sequence[Manifest]) -> Iterator[str]:
    for deployment in servers(manifests):
        strategy = deployment["spec"].get("strategy", {})
        if strategy.get("type") != "RollingUpdate" or strategy["rollingUpdate"].get("maxUnavailable") != 0:
            yield f"{title(deployment)}: a rollout takes pods away before new ones are ready"


def ends_are_given_time(manifests: Sequence[Manifest]) -> Iterator[str]:
    """preStop, then the requests under way, then the outbox: BASSIN_DRAIN_SECONDS each."""
    for deployment in servers(manifests):
        drain = float(settings(manifests, deployment)["BASSIN_DRAIN_SECONDS"])
        waits = container(deployment).get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        if waits < 1:
            yield f"{title(deployment)}: requests still come when it ends"
        if template(deployment)["spec"].get("terminationGracePeriodSeconds", 30) <= waits + 2 * drain:
            yield f"{title(deployment)}: it is killed before it has drained"


def settings(manifests: Sequence[Manifest], deployment: Manifest) -> Mapping[str, str]:
    """What the container reads from ConfigMaps as variables."""
    named = [source["configMapRef"]["name"] for source in container(deployment)["envFrom"]]
    return {key: value for name in named for key, value in one(manifests, "ConfigMap", name)["data"].items()}


def there_are_two_and_one_may_go(manifests: Sequence[Manifest]) -> Iterator[str]:
    for deployment in servers(manifests):
        scaled = [
            h["spec"]
            for h in of(manifests, "HorizontalPodAutoscaler")
            if h["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
        ]
        if len(scaled) != 1 or scaled[0]["minReplicas"] < 2 or scaled[0]["maxReplicas"] <= scaled[0]["minReplicas"]:
            yield f"{title(deployment)}: nothing keeps two of it"
        if "replicas" in deployment["spec"]:
            yield f"{title(deployment)}: each apply undoes what its autoscaler did"
        kept = [b for b in of(manifests, "PodDisruptionBudget") if selects(b["spec"]["selector"], labels(deployment))]
        if [b["spec"].get("maxUnavailable") for b in kept] != [1]:
            yield f"{title(deployment)}: a drain takes more than one, or none, at a time"


def replicas_are_spread(manifests: Sequence[Manifest]) -> Iterator[str]:
    for deployment in servers(manifests):
        spread = template(deployment)["spec"].get("topologySpreadConstraints", ())
        over = {s["topologyKey"] for s in spread if selects(s["labelSelector"], labels(deployment))}
        if over != {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}:
            yield f"{title(deployment)}: its pods may all be on one machine"


RULES = (
    long_runners_are_probed,
    probes_ask_what_the_code_answers,
    a_rollout_takes_none_away,
    ends_are_given_time,
    there_are_two_and_one_may_go,
    replicas_are_spread,
)
