"""A platform of its own, whose business time is that of the letter."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.journeys.platform.platform_of_tests import free_block

from common.local.children import Reaper
from common.local.kafka import KafkaNode
from common.local.places import ROOT
from common.local.ports import free_ports
from common.local.postgres import Postgres
from common.local.run_servers import RunServers


class Platform:
    """As `bassin demo` starts it, on servers of its own; it can be told to `kill` its services, to hear all `again`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        said = self._hear()
        self.url, self.identity_provider, self.clock = said["url"], said["identity_provider"], Path(said["clock"])

    def tell(self, order: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()
        assert self._hear() == {"done": order}

    def _hear(self) -> dict[str, str]:
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        if not said:
            _, last_words = self._process.communicate()
            pytest.fail(f"the platform is gone: {last_words}")
        return dict(json.loads(said))


@pytest.fixture
def servers_of_its_own(servers: RunServers, tmp_path: Path) -> Iterator[dict[str, str]]:
    """It moves time and knows topics by their real names: it shares nothing with the other platform."""
    port, broker, controller = free_ports(3)
    with Reaper() as children:
        kafka = KafkaNode(tmp_path / "kafka", port=broker, controller_port=controller, log=tmp_path / "kafka.log")
        kafka.launch(children)
        home = servers.directory / f"postgres-{port}"
        postgres = Postgres(home, port=port, log=tmp_path / "postgres.log", fast=True)
        postgres.start(children)
        kafka.wait_ready()
        yield {"BASSIN_ADMIN_DATABASE_URL": postgres.admin_url, "BASSIN_KAFKA": kafka.bootstrap}


@pytest.fixture
def platform(servers_of_its_own: dict[str, str], tmp_path: Path) -> Iterator[Platform]:
    environment = {**os.environ, **servers_of_its_own, "BASSIN_STATE": str(tmp_path / "state")}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.journeys.letter.run_platform", str(free_block())],
        cwd=ROOT, env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        yield Platform(process)
        process.terminate()
        _, last_words = process.communicate(timeout=15)
        assert process.returncode == 0, last_words
