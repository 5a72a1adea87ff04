"""`make compose-prove`: compose.yaml brought up from nothing, played on, watched, started again, gone without a trace.

Where the kit is absent it says so and ends with status 3. Grafana and Mailpit cannot be had there: not run.
"""

import json
import sys
import time
import urllib.request
from typing import NamedTuple

from tools import images_twice
from tools.containers_kit import BASSIN, compose, missing, podman, run, set_up

from common.local.layout import GATEWAY, service_names
from common.local.ports import LOOPBACK, free_ports

FILES = ["-f", "compose.yaml", "-f", "tests/deployment/without-mailpit.yaml"]
THREE = ["-f", "deploy/compose/three-brokers.yaml"]
READY_WITHIN = 60  # seconds from `up` to all healthy, images built
SCRAPED_WITHIN = 60  # seconds: four times the pace of deploy/observability/prometheus.yml
KEPT = {  # what a restart must keep, of each service
    "territory": "SELECT count(*) FROM etablissement",
    "hr_networks": "SELECT count(*) FROM answer_version",
    "training": "SELECT count(*) FROM census_school",
    "payroll": "SELECT count(*) FROM school",
}
PORTS = ("BASSIN_PORT", "BASSIN_IDENTITY_PORT", "BASSIN_MAIL_PORT", "BASSIN_PROMETHEUS_PORT", "BASSIN_GRAFANA_PORT")


def main() -> int:
    if said := missing():
        print(said, file=sys.stderr)
        return 3
    set_up()
    run(BASSIN, "secrets", "create", ".bassin/secrets")
    one = Topology("one broker", FILES, {})
    three = Topology("three brokers", [*FILES, *THREE], {"BASSIN_KAFKA": "kafka:9092,kafka-2:9092,kafka-3:9092"})
    outcomes = [images_twice.prove(), prove(one), prove(three)]
    print("---", *outcomes, "not run: Grafana and Mailpit, whose images cannot be had here", sep="\n")
    return int(any("too late" in said for said in outcomes))


class Topology(NamedTuple):
    """One way to start compose.yaml, on ports that nothing else holds."""

    name: str
    files: list[str]
    settings: dict[str, str]

    def compose(self, *command: str) -> None:
        compose(self.files, *command, environment={"COMPOSE_PROFILES": "demo,observe", **self.settings})

    def up(self) -> float:
        began = time.monotonic()
        self.compose("up", "-d", "--wait")
        return time.monotonic() - began

    def journey(self) -> None:
        gateway, identity = (f"http://{LOOPBACK}:{self.settings[name]}" for name in PORTS[:2])
        run(BASSIN, "journey", "--url", gateway, "--identity", identity)

    def asked(self, query: str) -> dict[str, str]:
        """The answer of Prometheus, service by service."""
        url = f"http://{LOOPBACK}:{self.settings['BASSIN_PROMETHEUS_PORT']}/api/v1/query?query={query}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            found = json.load(answer)["data"]["result"]
        return {series["metric"]["service"]: series["value"][1] for series in found}


def prove(topology: Topology) -> str:
    topology.settings.update(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    topology.compose("build")
    try:
        seconds = topology.up()
        topology.journey()
        watched(topology)
        before = known()
        topology.compose("stop")
        again = topology.up()
        after = known()
        assert all(after[name] >= before[name] > 0 for name in KEPT), f"{before} before the restart, {after} after"
        topology.journey()
    finally:
        topology.compose("down", "-v")
    left = [said for kind in ("container", "volume", "network") if (said := mine(kind))]
    assert not left, f"left behind: {left}"
    late = "" if seconds <= READY_WITHIN else f", too late: {READY_WITHIN} s are allowed"
    return (
        f"{topology.name}: ready after {seconds:.0f} s{late}, journey, {len(service_names()) + 1} targets up, "
        f"stopped, ready after {again:.0f} s, nothing lost, journey, nothing left"
    )


def watched(topology: Topology) -> None:
    """Every process is scraped, and says itself which it is."""
    wanted = dict.fromkeys((GATEWAY, *service_names()), "1")
    end = time.monotonic() + SCRAPED_WITHIN
    while (seen := topology.asked("up")) != wanted:
        assert time.monotonic() < end, f"targets of Prometheus: {seen}"
        time.sleep(1)
    told = topology.asked("sum%20by%20(service)(bassin_http_requests_total)")
    assert told.keys() >= wanted.keys(), f"figures of {sorted(told)} alone"


def known() -> dict[str, int]:
    """Rows of each service; a listener may have more of them a moment later."""
    psql = ("exec", "bassin_postgres_1", "psql", "-U", "postgres", "-At")
    return {name: int(podman(*psql, "-d", f"bassin_{name}", "-c", query)) for name, query in KEPT.items()}


def mine(kind: str) -> str:
    command = ["container", "ls", "--all"] if kind == "container" else [kind, "ls"]
    return podman(*command, "-q", "--filter", "name=bassin_")


if __name__ == "__main__":
    sys.exit(main())
