"""Every overlay keeps our rules, and every rule can say no: a spoiled manifest for each thing that it asks."""

import re
from collections.abc import Sequence
from functools import reduce

import pytest
from tests.deployment import availability, configuration, policy
from tests.deployment.manifests import OVERLAYS, Manifest, objects, title

RULES = (*policy.RULES, *availability.RULES, *configuration.RULES)
GONE = object()
HASH = re.compile(r"(?<=^ConfigMap/)(.+)-[a-z0-9]{10}$")  # of its content
TRAINING, KAFKA, JOB = "Deployment/training", "StatefulSet/kafka", "Job/training-provision-1"
POD, FIRST, LABELS = "spec.template.spec", "spec.template.spec.containers.0", "spec.template.metadata.labels"

# the rule, what is spoiled, where, and how
SPOILED: Sequence[tuple[policy.Rule, str, str, object]] = [
    (policy.images_are_pinned, TRAINING, f"{FIRST}.image", "localhost/bassin-training"),
    (policy.images_are_pinned, TRAINING, f"{FIRST}.image", "registry.example:5000/bassin-training"),
    (policy.images_are_pinned, JOB, f"{FIRST}.image", "localhost/bassin-operations:latest"),
    (policy.images_are_pinned, TRAINING, f"{POD}.initContainers.0.image", "bassin-operations:main"),
    (policy.images_are_pinned, TRAINING, f"{FIRST}.imagePullPolicy", "Always"),
    (policy.nobody_is_root, TRAINING, f"{POD}.securityContext.runAsNonRoot", GONE),
    (policy.nobody_is_root, JOB, f"{POD}.securityContext.runAsUser", 0),
    (policy.nobody_is_root, KAFKA, f"{FIRST}.securityContext.runAsUser", 0),
    (policy.nobody_is_root, TRAINING, f"{POD}.securityContext.seccompProfile.type", "Unconfined"),
    (policy.nobody_is_root, TRAINING, f"{FIRST}.securityContext.allowPrivilegeEscalation", True),
    (policy.nobody_is_root, TRAINING, f"{FIRST}.securityContext.capabilities.drop", GONE),
    (policy.nobody_is_root, KAFKA, f"{FIRST}.securityContext.capabilities.add", ["SYS_ADMIN"]),
    (policy.nobody_is_root, KAFKA, f"{FIRST}.securityContext.privileged", True),
    (policy.nothing_of_the_node_is_shared, TRAINING, f"{POD}.hostNetwork", True),
    (policy.nothing_of_the_node_is_shared, KAFKA, f"{POD}.volumes", [{"name": "a", "hostPath": {"path": "/"}}]),
    (policy.nothing_of_the_node_is_shared, TRAINING, f"{FIRST}.ports.0.hostPort", 80),
    (policy.what_is_ours_writes_only_to_tmp, TRAINING, f"{FIRST}.securityContext.readOnlyRootFilesystem", GONE),
    (policy.what_is_ours_writes_only_to_tmp, JOB, f"{FIRST}.volumeMounts.0.mountPath", "/app"),
    (policy.limits_are_set, TRAINING, f"{FIRST}.resources.limits.memory", GONE),
    (policy.limits_are_set, JOB, f"{FIRST}.resources.requests", GONE),
    (policy.limits_are_set, TRAINING, f"{POD}.initContainers.0.resources.limits.cpu", GONE),
    (policy.no_pod_holds_a_token, TRAINING, f"{POD}.automountServiceAccountToken", GONE),
    (policy.no_pod_holds_a_token, KAFKA, f"{POD}.enableServiceLinks", True),
    (policy.every_service_is_guarded, "Service/training", "spec.selector", {"app.kubernetes.io/name": "nulle"}),
    (policy.every_service_is_guarded, "Service/kafka", "spec.ports.0.targetPort", "plain"),
    (policy.every_service_is_guarded, "NetworkPolicy/kafka", "spec.podSelector.matchLabels", {"a": "b"}),
    (policy.every_service_is_guarded, "NetworkPolicy/nothing", "spec.policyTypes", ["Egress"]),
    (availability.long_runners_are_probed, KAFKA, f"{FIRST}.readinessProbe", GONE),
    (availability.long_runners_are_probed, "Deployment/identity", f"{FIRST}.livenessProbe", GONE),
    (availability.probes_ask_what_the_code_answers, TRAINING, f"{FIRST}.readinessProbe.httpGet.path", "/healthz"),
    (availability.probes_ask_what_the_code_answers, TRAINING, f"{FIRST}.startupProbe", GONE),
    (availability.a_rollout_takes_none_away, TRAINING, "spec.strategy.rollingUpdate.maxUnavailable", 1),
    (availability.a_rollout_takes_none_away, TRAINING, "spec.strategy.type", "Recreate"),
    (availability.ends_are_given_time, TRAINING, f"{POD}.terminationGracePeriodSeconds", 45),
    (availability.ends_are_given_time, TRAINING, f"{FIRST}.lifecycle", GONE),
    (availability.there_are_two_and_one_may_go, "HorizontalPodAutoscaler/training", "spec.minReplicas", 1),
    (availability.there_are_two_and_one_may_go, "HorizontalPodAutoscaler/training", "spec.scaleTargetRef.name", "x"),
    (availability.there_are_two_and_one_may_go, TRAINING, "spec.replicas", 2),
    (availability.there_are_two_and_one_may_go, "PodDisruptionBudget/training", "spec.maxUnavailable", 0),
    (
        availability.there_are_two_and_one_may_go,
        "PodDisruptionBudget/training",
        "spec.selector.matchLabels",
        {"a": "b"},
    ),
    (availability.replicas_are_spread, TRAINING, f"{POD}.topologySpreadConstraints.0", GONE),
    (configuration.every_service_is_deployed_after_it_is_provisioned, TRAINING, f"{POD}.initContainers", GONE),
    (configuration.every_service_is_deployed_after_it_is_provisioned, JOB, f"{FIRST}.args.1", "payroll"),
    (configuration.every_service_is_deployed_after_it_is_provisioned, TRAINING, f"{LABELS}.service", "mobility"),
    (configuration.a_job_is_named_after_its_image, JOB, f"{FIRST}.image", "bassin-operations:2"),
    (configuration.a_job_is_named_after_its_image, JOB, f"{FIRST}.envFrom.0.configMapRef.name", "settings-68mf9b2tk7"),
    (configuration.every_setting_is_said, "ConfigMap/settings", "data.BASSIN_DRAIN_SECONDS", GONE),
    (configuration.every_setting_is_said, "ConfigMap/gateway-settings", "data.BASSIN_NULLE", "1"),
    (configuration.every_setting_is_said, TRAINING, f"{FIRST}.env.0", GONE),
    (configuration.every_key_is_read, "ConfigMap/settings", "data.BASSIN_NULLE", "1"),
    (configuration.every_key_is_read, "ConfigMap/provision", "data.BASSIN_LOG_LEVEL", "info"),
    (configuration.every_key_is_read, "ConfigMap/gateway-files", "data.roads", "1"),
    (configuration.every_key_is_read, "Deployment/gateway", f"{FIRST}.envFrom", GONE),
    (configuration.jobs_and_services_mean_the_same_broker, "ConfigMap/provision", "data.BASSIN_KAFKA", "kafka:9094"),
    (configuration.jobs_and_services_mean_the_same_broker, "ConfigMap/provision", "data.BASSIN_PARTITIONS", "12"),
    (configuration.what_is_named_is_there, TRAINING, f"{POD}.serviceAccountName", "nulle"),
    (configuration.what_is_named_is_there, TRAINING, f"{FIRST}.envFrom.0.configMapRef.name", "nulle"),
    (configuration.what_is_named_is_there, "StatefulSet/postgres", f"{POD}.volumes.3.secret.secretName", "nulle"),
    (configuration.what_is_named_is_there, JOB, f"{POD}.volumes.1.projected.sources.0.secret.name", "nulle"),
    (configuration.what_is_named_is_there, "HorizontalPodAutoscaler/training", "spec.scaleTargetRef.name", "nulle"),
]


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("rule", RULES)
def test_every_overlay_keeps_every_rule(overlay: str, rule: policy.Rule) -> None:
    assert list(rule(objects(overlay))) == []


@pytest.mark.parametrize(("rule", "spoiled", "where", "how"), SPOILED)
def test_a_spoiled_manifest_is_found(rule: policy.Rule, spoiled: str, where: str, how: object) -> None:
    manifests = objects("demo")
    spoil(manifests, spoiled, where, how)

    assert list(rule(manifests)) != []


def test_every_rule_was_seen_to_say_no() -> None:
    assert {rule for rule, *_ in SPOILED} == set(RULES)


def test_what_cannot_be_spoiled_is_said() -> None:
    """Else a misspelt place would prove nothing of a rule that finds something there anyway."""
    with pytest.raises(LookupError):
        spoil(objects("demo"), TRAINING, f"{POD}.nulle.part", GONE)


def spoil(manifests: Sequence[Manifest], spoiled: str, where: str, how: object) -> None:
    [found] = [manifest for manifest in manifests if HASH.sub(r"\1", title(manifest)) == spoiled]
    *steps, last = [int(step) if step.isdecimal() else step for step in where.split(".")]
    place: Manifest = reduce(lambda value, step: value[step], steps, found)  # type: ignore[index]
    if how is GONE:
        del place[last]  # type: ignore[arg-type]
    else:
        place[last] = how  # type: ignore[index]
