"""NetworkPolicies as Kubernetes means them: a flow is judged here, for not every cluster enforces them."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network

from tests.deployment.manifests import Manifest, containers, labels, of, selects


def may_reach(manifests: Sequence[Manifest], client: Manifest, server: Manifest, port: int) -> bool:
    """Whether the pods of one workload may open this port of another's, both in the namespace of the policies."""
    out = _allowed(manifests, client, "Egress", "to", server, server, port)
    return out and _allowed(manifests, server, "Ingress", "from", client, server, port)


def may_leave(manifests: Sequence[Manifest], client: Manifest, address: str, port: int) -> bool:
    """Whether they may open a port of an address outside the cluster."""
    return any(
        _port_is(rule, None, port) and any(_holds(peer, address) for peer in rule.get("to", [{"ipBlock": ANYWHERE}]))
        for rule in _rules(manifests, client, "Egress")
    )


def may_enter(manifests: Sequence[Manifest], server: Manifest, port: int, *, namespace: str | None = None) -> bool:
    """Whether pods of another namespace, or anybody who reaches the node, may open this port."""
    return any(
        _port_is(rule, server, port) and ("from" not in rule or any(_is_of(p, namespace) for p in rule["from"]))
        for rule in _rules(manifests, server, "Ingress")
    )


def policies(manifests: Sequence[Manifest], workload: Manifest, direction: str) -> list[Manifest]:
    """Those that select the pods of a workload; without any everything is allowed."""
    found = of(manifests, "NetworkPolicy")
    return [
        policy
        for policy in found
        if direction in policy["spec"]["policyTypes"] and selects(policy["spec"]["podSelector"], labels(workload))
    ]


def port_numbers(workload: Manifest) -> dict[str, int]:
    return {
        port["name"]: port["containerPort"]
        for container in containers(workload)
        for port in container.get("ports", ())
        if "name" in port
    }


def _rules(manifests: Sequence[Manifest], workload: Manifest, direction: str) -> Iterator[Manifest]:
    for policy in policies(manifests, workload, direction):
        yield from policy["spec"].get(direction.lower(), ())


def _allowed(
    manifests: Sequence[Manifest],
    ours: Manifest,
    direction: str,
    side: str,
    peer: Manifest,
    server: Manifest,
    port: int,
) -> bool:
    if not policies(manifests, ours, direction):
        return True
    return any(
        _port_is(rule, server, port) and (side not in rule or any(_is_pod(p, peer) for p in rule[side]))
        for rule in _rules(manifests, ours, direction)
    )


def _port_is(rule: Manifest, server: Manifest | None, port: int) -> bool:
    named = port_numbers(server) if server else {}
    return "ports" not in rule or port in [named.get(p["port"], p["port"]) for p in rule["ports"]]


def _is_pod(peer: Manifest, workload: Manifest) -> bool:
    return "podSelector" in peer and "namespaceSelector" not in peer and selects(peer["podSelector"], labels(workload))


def _is_of(peer: Manifest, namespace: str | None) -> bool:
    if namespace is None or "namespaceSelector" not in peer:
        return False
    return selects(peer["namespaceSelector"], {"kubernetes.io/metadata.name": namespace})


def _holds(peer: Manifest, address: str) -> bool:
    block = peer.get("ipBlock")
    if block is None:
        return False
    outside = any(ip_address(address) in ip_network(part) for part in block.get("except", ()))
    return ip_address(address) in ip_network(block["cidr"]) and not outside


ANYWHERE = {"cidr": "0.0.0.0/0"}
