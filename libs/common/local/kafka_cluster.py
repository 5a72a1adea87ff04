"""Three nodes on this machine, as a region has them: a record is acknowledged when two of three have it."""

from pathlib import Path

from common.local.children import Children
from common.local.kafka import KafkaNode, cluster_id
from common.local.ports import LOOPBACK, free_ports

NODES = (1, 2, 3)
REPLICATION = 3
REPLICATED: dict[str, str | int] = {
    "default.replication.factor": REPLICATION,
    "min.insync.replicas": 2,
    "offsets.topic.replication.factor": REPLICATION,
    "transaction.state.log.replication.factor": REPLICATION,
    "transaction.state.log.min.isr": 2,
}


class KafkaCluster:
    """Of nodes that are brokers and controllers; each may be killed, stopped and started again by itself."""

    def __init__(self, home: Path, *, logs: Path) -> None:
        ports = free_ports(2 * len(NODES))
        addresses = dict(zip(NODES, zip(ports[::2], ports[1::2], strict=True), strict=True))
        controllers = {node: f"{LOOPBACK}:{controller}" for node, (_, controller) in addresses.items()}
        directories = {node: cluster_id() for node in NODES}
        quorum = ",".join(f"{node}@{controllers[node]}:{directories[node]}" for node in NODES)
        storage = (f"--initial-controllers={quorum}", f"--cluster-id={cluster_id()}")
        shared = REPLICATED | {"controller.quorum.bootstrap.servers": ",".join(controllers.values())}
        self.nodes = [
            KafkaNode(
                home / f"kafka-{node}",
                port=port,
                controller_port=controller,
                log=logs / f"kafka-{node}.log",
                settings={**shared, "node.id": node},
                storage=storage,
            )
            for node, (port, controller) in addresses.items()
        ]

    @property
    def bootstrap(self) -> str:
        return ",".join(node.bootstrap for node in self.nodes)

    def start(self, children: Children) -> None:
        """None answers before two are there."""
        for node in self.nodes:
            node.launch(children)
        for node in self.nodes:
            node.wait_ready()
