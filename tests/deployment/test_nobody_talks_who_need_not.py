"""The few flows that are needed are allowed, and nothing else: judged from the NetworkPolicies of each overlay."""

from collections.abc import Sequence
from itertools import product

import pytest
from tests.deployment import network
from tests.deployment.availability import servers
from tests.deployment.manifests import OVERLAYS, Manifest, labels, objects, of, one, title, workloads

HTTP, POSTGRES, KAFKA, SMTP, IDENTITY = 8000, 5432, 9092, 1025, 8081
PROVIDER, METADATA = "198.51.100.7", "169.254.169.254"


def component(workload: Manifest) -> str:
    return labels(workload).get("app.kubernetes.io/component", title(workload))


def flows(manifests: Sequence[Manifest]) -> set[tuple[str, str, int]]:
    """Who may open which port of whom, by what they are."""
    everybody = workloads(manifests)
    return {
        (component(client), component(server), port)
        for client, server in product(everybody, everybody)
        if client is not server
        for port in network.port_numbers(server).values()
        if network.may_reach(manifests, client, server, port)
    }


BETWEEN_US = {("gateway", "service", HTTP), ("service", "gateway", HTTP)}


def test_inside_the_demo() -> None:
    manifests = objects("demo")
    data = {("StatefulSet/postgres", POSTGRES), ("StatefulSet/kafka", KAFKA)}

    found = flows(manifests)

    anybody = {flow for flow in found if flow[1:] in {("gateway", HTTP), ("Deployment/identity", IDENTITY)}}
    assert found - anybody == {
        ("gateway", "service", HTTP),
        ("service", "Deployment/mailpit", SMTP),
        *((client, *server) for client in ("service", "operations") for server in data),
    }
    assert {client for client, *_ in anybody} == {"service", "gateway"}, "the others may not even begin to speak"


@pytest.mark.parametrize("overlay", ["lille-amiens", "lille-amiens-operators", "trois-academies"])
def test_inside_a_deployment(overlay: str) -> None:
    assert flows(objects(overlay)) == BETWEEN_US


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_service_reaches_another_and_each_reaches_the_gateway(overlay: str) -> None:
    manifests = objects(overlay)
    gateway = one(manifests, "Deployment", "gateway")
    behind = [deployment for deployment in servers(manifests) if deployment != gateway]
    for one_of_us, other in product(behind, behind):
        assert one_of_us == other or not network.may_reach(manifests, one_of_us, other, HTTP)
    assert all(network.may_reach(manifests, service, gateway, HTTP) for service in behind)
    assert all(network.may_reach(manifests, gateway, service, HTTP) for service in behind)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_prometheus_reads_every_process(overlay: str) -> None:
    manifests = objects(overlay)
    for server in servers(manifests):
        assert network.may_enter(manifests, server, HTTP, namespace="monitoring")
        if component(server) == "service":
            assert not network.may_enter(manifests, server, HTTP, namespace="ingress")
            assert not network.may_enter(manifests, server, HTTP)


def test_people_come_in_by_the_ingress_and_nowhere_else() -> None:
    manifests = objects("lille-amiens")
    gateway = one(manifests, "Deployment", "gateway")

    assert network.may_enter(manifests, gateway, HTTP, namespace="ingress")
    assert not network.may_enter(manifests, gateway, HTTP, namespace="default")


def test_only_the_gateway_asks_the_identity_providers_and_nobody_the_clouds_metadata() -> None:
    manifests = objects("lille-amiens")
    for workload in workloads(manifests):
        assert network.may_leave(manifests, workload, PROVIDER, 443) == (component(workload) == "gateway")
        assert not network.may_leave(manifests, workload, METADATA, 443)
        assert not network.may_leave(manifests, workload, METADATA, 80)


def test_data_is_reached_by_services_and_jobs() -> None:
    manifests = objects("lille-amiens")
    for workload in workloads(manifests):
        ours = component(workload) in {"service", "operations"}
        assert network.may_leave(manifests, workload, "192.0.2.5", POSTGRES) == ours
        assert network.may_leave(manifests, workload, "192.0.2.40", KAFKA) == ours
        assert not network.may_leave(manifests, workload, "192.0.2.5", KAFKA)


def test_without_its_policy_a_flow_is_seen_to_open_or_to_close() -> None:
    manifests = objects("demo")
    payroll, training = (one(manifests, "Deployment", name) for name in ("payroll", "training"))
    without = [m for m in manifests if title(m) != "NetworkPolicy/gateway-and-services"]
    gateway = one(without, "Deployment", "gateway")

    assert not network.may_reach(without, gateway, training, HTTP)
    assert network.may_reach([m for m in manifests if m not in of(manifests, "NetworkPolicy")], payroll, training, HTTP)
