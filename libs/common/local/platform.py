"""The parts of a demo in the order of their start: environment, PostgreSQL, Kafka, databases and topics, services."""

import os
import platform
from collections.abc import Iterable, Mapping

from common.local.children import Children
from common.local.fetch import fetch_with_progress
from common.local.forked import Forked
from common.local.health_check import disk_trouble
from common.local.kafka import KafkaNode
from common.local.layout import GATEWAY, IDENTITY, PROMETHEUS, Layout, kept_secret, service_names
from common.local.parts import kafka_parts, postgres_part
from common.local.places import CERTIFICATES, CLOCK, STATE
from common.local.ports import LOOPBACK, require_free
from common.local.postgres import Postgres
from common.local.prometheus import ABSENT, Prometheus, program
from common.local.trouble import Trouble

ACADEMIES = ("09", "20")
DRAIN_SECONDS = "3"
Urls = Mapping[str, Mapping[str, str]]  # service -> role -> address


class Platform:
    def __init__(self, layout: Layout, children: Children) -> None:
        self.layout = layout
        self._children = children
        self.forked = Forked(children)
        self.kafka = os.environ.get("BASSIN_KAFKA") or f"{LOOPBACK}:{layout.port('kafka')}"
        self._admin_url = os.environ.get("BASSIN_ADMIN_DATABASE_URL", "")
        self.observed = ""  # the address of Prometheus, or why there is none

    def environment(self) -> tuple[str, None]:
        for port in self.layout.ports:
            require_free(port, remedy=f"bassin demo --port {self.layout.ports.stop}")
        if full := disk_trouble(STATE):
            raise Trouble(full)
        fetch_with_progress([] if "BASSIN_KAFKA" in os.environ else kafka_parts(), "Apache Kafka")
        fetch_with_progress([] if self._admin_url else [postgres_part()], "PostgreSQL")
        if "BASSIN_KAFKA" not in os.environ:
            self._launch_kafka()
        self._helper = self.forked.helper("common.local.provision", log=self.layout.log("provision"))
        ports = f"ports {self.layout.ports.start}-{self.layout.ports.stop - 1} free"
        return f"Python {platform.python_version()}, {os.cpu_count()} cores, {ports}", None

    def postgres(self) -> tuple[str, None]:
        where = "a server of yours"
        if not self._admin_url:
            home = self.layout.postgres_home
            (STATE / "postgres.path").write_text(f"{home}\n")
            server = Postgres(home, port=self.layout.port("postgres"), log=self.layout.logs / "postgres.log")
            server.start(self._children)
            self._admin_url, where = server.admin_url, str(home)
        version = self._helper.ask("server_version", self._admin_url)
        return f"{version}, {where}, {len(service_names())} databases", None

    def broker(self) -> tuple[str, None]:
        if "BASSIN_KAFKA" in os.environ:
            return f"a broker of yours, {self.kafka}", None
        self._node.wait_ready()
        version = next(part for part in kafka_parts() if ":kafka-clients:" in part.coordinates)
        return f"{version.coordinates.split(':')[2]} (KRaft, 1 node), {self.kafka}", None

    def _launch_kafka(self) -> None:
        """Its three seconds pass while libraries are imported and PostgreSQL starts."""
        ports = {name: self.layout.port(name) for name in ("kafka", "controller")}
        log = self.layout.logs / "kafka.log"
        self._node = KafkaNode(
            self.layout.kafka_home, port=ports["kafka"], controller_port=ports["controller"], log=log
        )
        self._node.launch(self._children)

    def databases(self) -> tuple[str, Urls]:
        names = service_names()
        urls, topics = self._helper.ask("provision", names, self._admin_url, self.kafka)
        return f"{len(urls)}/{len(names)} databases, {topics} topics", urls

    def services(self, urls: Urls) -> tuple[str, None]:
        port = self.layout.port(IDENTITY)
        self._start(IDENTITY, "common.local.identity_provider:run", port, environment={})
        self._start(GATEWAY, "gateway.main:main", environment=self._gateway())
        self._helper.end()
        self.begin(urls)
        self.forked.wait_ready(IDENTITY, f"{self.layout.url(IDENTITY)}/")
        self.forked.wait_ready(GATEWAY, f"{self.layout.url(GATEWAY)}/readyz")
        return " ".join((GATEWAY, *urls)), None

    def observe(self) -> None:
        """Prometheus besides, where it is installed: the demo does not need it."""
        if program(PROMETHEUS) is None:
            self.observed = ABSENT
            return
        targets = {name: f"{LOOPBACK}:{self.layout.port(name)}" for name in (GATEWAY, *service_names())}
        server = Prometheus(STATE / "observed", port=self.layout.port(PROMETHEUS), targets=targets)
        server.start(self._children)
        self.observed = server.url

    def begin(self, urls: Urls) -> None:
        for name, by_role in urls.items():
            self._start(name, "common.local.serving:serve", name, environment=self.service_environment(name, by_role))
        for name in urls:
            self.forked.wait_ready(name, f"{self.layout.url(name)}/readyz")

    def check(self, *, within: float) -> None:
        """Raise when a part of the platform has ended by itself."""
        self.forked.check(within=within)
        self._children.check()

    def kill(self, names: Iterable[str]) -> None:
        """As a power cut would: what was begun is not finished."""
        for name in names:
            self.forked.end(self.forked.running.pop(name))

    def _start(self, name: str, main: str, *arguments: object, environment: Mapping[str, str]) -> None:
        self.forked.start(name, main, *arguments, log=self.layout.log(name), environment=environment)

    def _gateway(self) -> dict[str, str]:
        services = {name: self.layout.url(name) for name in service_names()}
        files = self._helper.ask("gateway_files", self.layout.url(IDENTITY), services)
        return {
            **files,
            "BASSIN_HTTP_PORT": str(self.layout.port(GATEWAY)),
            "BASSIN_DRAIN_SECONDS": DRAIN_SECONDS,
        }

    def service_environment(self, name: str, by_role: Mapping[str, str]) -> dict[str, str]:
        return {
            "BASSIN_ACADEMIES": ",".join(ACADEMIES),
            "BASSIN_DATABASE_URL": by_role["app"],
            "BASSIN_RELAY_DATABASE_URL": by_role["relay"],
            "BASSIN_KAFKA": self.kafka,
            "BASSIN_GATEWAY_JWKS_URL": f"{self.layout.url(GATEWAY)}/internal/jwks",
            "BASSIN_HTTP_PORT": str(self.layout.port(name)),
            "BASSIN_PUBLIC_URL": self.layout.url(GATEWAY),
            "BASSIN_SMTP_URL": f"smtp://{LOOPBACK}:{self.layout.port('smtp')}",
            "BASSIN_MAIL_FROM": "bassin@demo.example",
            "BASSIN_CLOCK_FILE": str(CLOCK),
            "BASSIN_NUMEN_KEY": kept_secret("numen.key"),
            "BASSIN_CERTIFICATE_KEYS": str(STATE / CERTIFICATES),
            "BASSIN_DRAIN_SECONDS": DRAIN_SECONDS,
        }
