"""The PostgreSQL and the Kafka of one test run: shared by its workers, started by the first that needs them.

The run's directory holds what the workers must agree on: a lock, the addresses, and the fifo of the reaper, which ends
the servers and removes the directory once the last process of the run is gone, however it went.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from common.local.children import Children, Reaper
from common.local.kafka import KafkaNode
from common.local.locks import only_one
from common.local.places import postgres_home
from common.local.ports import free_ports
from common.local.postgres import Postgres


class RunServers:
    def __init__(self, directory: Path, children: Children) -> None:
        self.directory, self._children = directory, children

    @property
    def name(self) -> str:
        """Tells this run's databases from those of another run on the same server."""
        return self.directory.name.removeprefix("run-")

    @property
    def outlive_the_run(self) -> bool:
        return "BASSIN_ADMIN_DATABASE_URL" in os.environ

    def admin_url(self) -> str:
        return os.environ.get("BASSIN_ADMIN_DATABASE_URL") or self.once("postgres.url", self._start_postgres)

    def kafka(self) -> str:
        return os.environ.get("BASSIN_KAFKA") or self.once("kafka.url", self._start_kafka)

    def once(self, name: str, make: Callable[[], str]) -> str:
        """What the first worker that asks makes, and every other one reads."""
        answer = self.directory / name
        with only_one(self.directory / f"{name}.lock"):
            if not answer.exists():
                answer.write_text(make())
        return answer.read_text()

    def known(self, prefix: str) -> list[str]:
        answers = (file for file in self.directory.glob(f"{prefix}*") if file.suffix != ".lock")
        return [answer.read_text() for answer in answers]

    def _start_postgres(self) -> str:
        [port] = free_ports(1)
        home = self.directory / "postgres"
        server = Postgres(home, port=port, log=self.directory / "postgres.log", fast=True)
        server.start(self._children)
        return server.admin_url

    def _start_kafka(self) -> str:
        port, controller_port = free_ports(2)
        log = self.directory / "kafka.log"
        node = KafkaNode(self.directory / "kafka", port=port, controller_port=controller_port, log=log)
        node.start(self._children)
        return node.bootstrap


class RunOwner:
    """The process whose end is the end of the run."""

    def __init__(self) -> None:
        directory = Path(tempfile.mkdtemp(prefix="run-", dir=postgres_home()))
        directory.chmod(0o711)  # `nobody` passes through to its data
        self._reaper = Reaper(directory / "fifo")
        self._reaper.children.remove_afterwards(directory)
        self.servers = RunServers(directory, self._reaper.children)

    def close(self) -> None:
        self._reaper.close()


def join(directory: Path) -> RunServers:
    """In a worker: what it starts, the owner's reaper ends."""
    return RunServers(directory, Children(os.open(directory / "fifo", os.O_WRONLY)))
