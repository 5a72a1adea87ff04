"""The whole platform for the faults to act on: real servers, the product's own processes, each to be killed alone."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from itertools import count
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import httpx
from prometheus_client.parser import text_string_to_metric_families
from tests.faults.books import Books
from tests.faults.clients import Clients
from tests.journeys.platform.platform_of_tests import free_block

from common import topics
from common.contracts.catalogue import CONTRACTS
from common.local.children import Children, Reaper
from common.local.journey import Journey
from common.local.kafka import KafkaNode
from common.local.kafka_cluster import REPLICATION, KafkaCluster
from common.local.layout import GATEWAY, IDENTITY, Layout
from common.local.mailbox import mailbox
from common.local.places import STATE, postgres_home
from common.local.platform import Platform, Urls
from common.local.ports import free_ports
from common.local.postgres import Postgres
from common.local.provision import PARTITIONS
from common.relay import LOCK

PRODUCER, LISTENER = "hr_networks", "training"  # who publishes answers, and who acts on them
SERVE = "common.local.serving:serve"
A_REQUEST = "service_did_not_answer"  # the gateway, once for each request that failed: an access log
Environment: TypeAlias = Mapping[str, str]


class Stage:
    """One platform. A second replica of a service is `service#2`; each has a port and a log of its own."""

    def __init__(self, layout: Layout, children: Children, postgres: Postgres, nodes: list[KafkaNode]) -> None:
        self.layout, self.children, self.postgres, self.nodes = layout, children, postgres, nodes
        self.kafka = ",".join(node.bootstrap for node in nodes)
        os.environ |= {"BASSIN_ADMIN_DATABASE_URL": postgres.admin_url, "BASSIN_KAFKA": self.kafka}
        self.platform = Platform(layout, children)
        self.urls: Urls = {}
        self.servers: dict[str, Postgres] = {}  # services whose database is not on `postgres` any more
        self.carried = ""  # how the topics end that the listener hears through a carrier (tests.faults.carrier)
        self._replica_ports: dict[str, int] = {}
        self._numbers = count(1)  # of processes that end by themselves
        self._heard: dict[str, int] = {}  # the same, by `loud`
        self._read: dict[str, int] = {}  # log -> bytes read before

    # --- processes

    async def start(self, who: str, main: str = SERVE, *arguments: str, environment: Environment | None = None) -> None:
        """Returns once it is ready; `main` may be another launcher, which gets the service's name and `arguments`."""
        service = who.partition("#")[0]
        settings = {**self.settings(who), **(environment or {})}
        start = self.platform.forked.start
        await asyncio.to_thread(
            lambda: start(who, main, service, *arguments, log=self.layout.log(who), environment=settings)
        )
        await asyncio.to_thread(self.platform.forked.wait_ready, who, f"{self.url(who)}/readyz")

    def settings(self, who: str) -> dict[str, str]:
        service = who.partition("#")[0]
        return {
            **self.platform.service_environment(service, self.urls[service]),
            "BASSIN_HTTP_PORT": str(self.port(who)),
        }

    def port(self, who: str) -> int:
        if "#" not in who:
            return self.layout.port(who)
        if who not in self._replica_ports:
            [self._replica_ports[who]] = free_ports(1)
        return self._replica_ports[who]

    def url(self, who: str) -> str:
        return f"http://127.0.0.1:{self.port(who)}"

    def process(self, who: str) -> ForkServerProcess:
        return self.platform.forked.running[who]

    def signal(self, who: str, number: signal.Signals) -> None:
        pid = self.process(who).pid
        assert pid
        os.kill(pid, number)

    async def kill(self, who: str) -> None:
        """As a power cut would."""
        await asyncio.to_thread(self.platform.kill, [who])

    async def until_dead(self, who: str, *, within: float = 20.0) -> bool:
        """Of a process that ends by itself; whether it did. It is forgotten, and may be started again."""
        process = self.process(who)
        await asyncio.to_thread(process.join, within)
        dead = not process.is_alive()
        await self.kill(who)
        return dead

    async def terminate(self, who: str, *, within: float = 20.0) -> int | None:
        """SIGTERM; returns its exit status, None when it did not end in time and was killed."""
        process = self.platform.forked.running.pop(who)
        process.terminate()
        await asyncio.to_thread(process.join, within)
        status = process.exitcode
        await asyncio.to_thread(self.platform.forked.end, process)
        return status

    # --- what an operator sees

    async def metrics(self, who: str) -> dict[str, float]:
        """Series summed over their labels, by name."""
        async with httpx.AsyncClient(timeout=10) as client:
            text = (await client.get(f"{self.url(who)}/metrics")).text
        found: dict[str, float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found[sample.name] = found.get(sample.name, 0) + sample.value
        return found

    def said(self, who: str) -> str:
        """What its log has gained since it was asked last."""
        log = self.layout.log(who)
        content = log.read_bytes() if log.exists() else b""
        before, self._read[who] = self._read.get(who, 0), len(content)
        return content[before:].decode("utf-8", "replace")

    def loud(self) -> Counter[str]:
        """Of every log, since it was asked last: how often each thing was said at level warning or above."""
        found = Counter[str]()
        for log in self.layout.logs.glob("*.jsonl"):
            content = log.read_bytes()
            before, self._heard[log.name] = self._heard.get(log.name, 0), len(content)
            for line in content[before:].splitlines():
                with contextlib.suppress(ValueError, TypeError, KeyError):  # a line that was cut by a kill
                    said = json.loads(line)
                    if said["level"] in {"warning", "error", "critical"} and said["event"] != A_REQUEST:
                        found[f"{log.stem}: {said['event']}"] += 1
        return found

    def lines(self, text: str, event: str) -> int:
        """How many of a log's lines say this."""
        return sum(f'"event":"{event}"' in line for line in text.splitlines())

    async def bassin(self, service: str, *command: str) -> str:
        """An operator's command at the terminal, in a process that has its imports already; what it printed."""
        status, said = await self.ran("tests.faults.launch:operate", *command, environment=self.settings(service))
        if status not in {0, 1}:
            raise RuntimeError(f"bassin {' '.join(command)}: {status}: {said}")
        return said

    async def ran(self, main: str, *arguments: object, environment: Environment) -> tuple[int | None, str]:
        """`main` in a process of its own, which ends with the platform; its exit status and what it printed."""
        name = f"{main.rpartition(':')[2]}-{next(self._numbers)}"
        log, start = STATE / "logs" / f"{name}.txt", self.platform.forked.start
        await asyncio.to_thread(lambda: start(name, main, *arguments, log=log, environment=environment))
        process = self.platform.forked.running.pop(name)
        await asyncio.to_thread(process.join, 40)
        status, said = process.exitcode, log.read_text()
        await asyncio.to_thread(self.platform.forked.end, process)
        return status, said

    # --- databases

    async def query(self, service: str, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """As the superuser: sees every row of every académie."""
        connection = await asyncpg.connect(self.urls[service]["admin"], timeout=10)
        try:
            return await connection.fetch(sql, *arguments)
        finally:
            await connection.close()

    async def relay_owner(self, service: str) -> int | None:
        """The server process whose session holds the advisory lock."""
        rows = await self.query(service, OWNER, LOCK)
        return rows[0]["pid"] if rows else None

    # --- the parts

    def begin(self, ends: ExitStack) -> None:
        self.platform.environment()
        self.platform.postgres()
        if len(self.nodes) > 1:
            asyncio.run(topics.ensure(self.kafka, CONTRACTS.values(), partitions=PARTITIONS, replication=REPLICATION))
        _, self.urls = self.platform.databases()
        ends.enter_context(mailbox(self.layout.mails, self.layout.port("smtp")))
        ends.callback(self.platform.forked.end_all)
        self.platform.services(self.urls)

    async def furnish(self) -> None:
        """A directory in two académies, censuses in each, and a log of what the listener commits."""
        url, identity = self.layout.url(GATEWAY), self.layout.url(IDENTITY)
        await asyncio.to_thread(Journey(url, identity).load_directory)
        self.books = Books(self)
        await self.books.open()
        self.clients = Clients(url, identity, STATE / "commands.jsonl")
        await self.clients.open()
        await self.books.settle()


async def until(holds: Callable[[], Any], *, within: float, every: float = 0.05) -> float:
    """Seconds until an awaitable look is true; `within` and more if it never was."""
    begun = asyncio.get_running_loop().time()
    while not await holds():
        if asyncio.get_running_loop().time() - begun > within:
            return float("inf")
        await asyncio.sleep(every)
    return asyncio.get_running_loop().time() - begun


def brokers(number: int, home: Path) -> list[KafkaNode]:
    if number > 1:
        return KafkaCluster(home, logs=STATE).nodes
    port, controller = free_ports(2)
    return [KafkaNode(home / "kafka", port=port, controller_port=controller, log=STATE / "kafka.log")]


@asynccontextmanager
async def raised(nodes: int = 1) -> AsyncIterator[Stage]:
    """A platform from nothing, gone afterwards; its logs stay until the next one."""
    await asyncio.to_thread(_forget)
    with ExitStack() as ends:
        children = ends.enter_context(Reaper())
        made = brokers(nodes, STATE)
        for node in made:
            node.launch(children)
        home = postgres_home() / "postgres"
        postgres = Postgres(home, port=free_ports(1)[0], log=STATE / "postgres.log")
        await asyncio.to_thread(postgres.start, children)
        for node in made:
            await asyncio.to_thread(node.wait_ready)
        stage = Stage(Layout(free_block()), children, postgres, made)
        await asyncio.to_thread(stage.begin, ends)
        await stage.furnish()
        try:
            yield stage
        finally:
            await stage.clients.close()
    await asyncio.to_thread(shutil.rmtree, postgres_home() / "postgres", ignore_errors=True)


def _forget() -> None:
    for place in (STATE, postgres_home() / "postgres"):
        shutil.rmtree(place, ignore_errors=True)
    STATE.mkdir(parents=True)
    postgres_home()


OWNER = """
SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (classid::bigint << 32 | objid::bigint) = $1
"""
