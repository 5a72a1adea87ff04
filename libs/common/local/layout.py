"""What a demo occupies: a block of ports from the one that is asked for, and the files of .bassin."""

import secrets
from importlib.metadata import entry_points
from pathlib import Path
from typing import NamedTuple

from common.local.places import STATE, postgres_home
from common.local.ports import LOOPBACK

GATEWAY = "gateway"
IDENTITY = "identity"
BLOCK = ("gateway", IDENTITY, "smtp", "postgres", "kafka", "controller")
PROMETHEUS = "prometheus"


def service_names() -> tuple[str, ...]:
    return tuple(sorted(point.name for point in entry_points(group="bassin.services")))


class Layout(NamedTuple):
    first_port: int = 8080

    def port(self, name: str) -> int:
        return self.first_port + self._names().index(name)

    def url(self, name: str) -> str:
        return f"http://{LOOPBACK}:{self.port(name)}"

    @property
    def ports(self) -> range:
        return range(self.first_port, self.first_port + len(self._names()))

    def _names(self) -> tuple[str, ...]:
        return (*BLOCK, *service_names(), PROMETHEUS)

    @property
    def logs(self) -> Path:
        return STATE / "logs"

    @property
    def mails(self) -> Path:
        return STATE / "mail"

    @property
    def kafka_home(self) -> Path:
        return STATE / "kafka"

    @property
    def postgres_home(self) -> Path:
        return postgres_home() / "postgres"

    def log(self, name: str) -> Path:
        self.logs.mkdir(parents=True, exist_ok=True)
        return self.logs / f"{name}.jsonl"


def kept_secret(name: str) -> str:
    """Drawn once, then the same in every later demo of this clone."""
    file = STATE / name
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32))
    return file.read_text()
