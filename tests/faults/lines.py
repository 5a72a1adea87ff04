"""The ways to PostgreSQL and Kafka that a fault may spoil, beside the sound one that everybody else goes."""

from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from msgspec import Struct
from tests.faults.isolation import iptables, isolated, run
from tests.faults.stage import Stage

from common.local.ports import LOOPBACK, free_ports

FAR = "127.0.0.2"  # the same servers, behind packet filters; all of 127/8 is this machine's own
WAYS = {"to": ("-d", FAR, "--dport"), "from": ("-s", FAR, "--sport")}


class Lines(Struct, frozen=True):
    """Kafka's ports: on the far address, for those who come through a proxy, and the proxy that it names to them."""

    far: int
    behind: int
    proxy: int


LAID: WeakKeyDictionary[Stage, Lines] = WeakKeyDictionary()


def lay(stage: Stage) -> Lines:
    """Both servers also listen there; they restart for it, once a stage."""
    if stage not in LAID:
        far, behind, proxy = free_ports(3)
        [node] = stage.nodes
        near = f"PLAINTEXT://{LOOPBACK}:{node.port}" + (f",FAR://{FAR}:{far}" if isolated() else "")
        node.settings |= {
            "listeners": f"{near},SLOW://{LOOPBACK}:{behind},CONTROLLER://{node.controller}",
            "advertised.listeners": f"{near},SLOW://{LOOPBACK}:{proxy}",
            "listener.security.protocol.map": ",".join(
                f"{name}:PLAINTEXT" for name in ("PLAINTEXT", "FAR", "SLOW", "CONTROLLER")
            ),
        }
        stage.postgres.settings["listen_addresses"] = f"{LOOPBACK},{FAR}" if isolated() else LOOPBACK
        for server in (node, stage.postgres):
            server.stop()
            server.start(stage.children)
        LAID[stage] = Lines(far, behind, proxy)
    return LAID[stage]


@contextmanager
def dropped(port: int, *ways: str) -> Iterator[None]:
    """Packets to or from the far server vanish on arrival, as on a cut cable: nobody is told."""
    rules = [["INPUT", "-i", "lo", "-p", "tcp", *WAYS[way], str(port), "-j", "DROP"] for way in ways]
    for rule in rules:
        run(*iptables(), "-A", *rule)
    try:
        yield
    finally:
        for rule in rules:
            run(*iptables(), "-D", *rule)
