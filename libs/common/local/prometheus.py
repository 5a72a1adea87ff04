"""A Prometheus that scrapes a local run: Debian's package, installed or unpacked beside us, never as a service.

`python -m common.local.prometheus` sees to it that there is one, or says in one line why there is none.
"""

import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import msgspec

from common.local import debian
from common.local.children import Child, Children, Program
from common.local.places import ROOT
from common.local.ports import LOOPBACK

UNPACKED = ROOT / ".bassin" / "prometheus"
RULES = ROOT / "deploy" / "observability" / "rules"
ABSENT = "absent: .venv/bin/python -m common.local.prometheus"
PROGRAMS = ("prometheus", "promtool")


def program(name: str) -> Path | None:
    """Where it is; None where there is none."""
    found = shutil.which(name) or shutil.which(name, path=str(UNPACKED / "usr" / "bin"))
    return Path(found) if found else None


class Prometheus:
    """One server that begins anew in its directory; `targets` says where each service answers."""

    def __init__(self, home: Path, *, port: int, targets: Mapping[str, str], every: str = "5s") -> None:
        self.home, self.port = home, port
        self._targets, self._every = targets, every

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def start(self, children: Children) -> Child:
        binary = program("prometheus")
        assert binary is not None, "ask program() first"
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        file = self.home / "prometheus.json"  # JSON is YAML
        file.write_bytes(msgspec.json.encode(self._configuration()))
        options = [f"--config.file={file}", f"--storage.tsdb.path={self.home / 'data'}"]
        options += [f"--web.listen-address={LOOPBACK}:{self.port}", "--storage.tsdb.retention.time=1d"]
        child = children.start(Program("Prometheus", [binary, *options], self.home / "log", self.home))
        child.wait_until(self._ready, within=30)
        return child

    def _configuration(self) -> dict[str, object]:
        """As deploy/observability/prometheus.yml, at this machine's addresses and pace."""
        scraped = [{"targets": [at], "labels": {"service": name}} for name, at in self._targets.items()]
        return {
            "global": {
                "scrape_interval": self._every,
                "evaluation_interval": self._every,
                "external_labels": {"runbooks": str(ROOT / "docs" / "runbooks")},
            },
            "rule_files": [str(RULES / "*.yml")],
            "scrape_configs": [{"job_name": "bassin", "honor_labels": True, "static_configs": scraped}],
        }

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1) as answer:  # noqa: S310 - our own address
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def fetch() -> str:
    """Have both programs under UNPACKED; returns why not, in a few words."""
    directory = UNPACKED / "usr" / "bin"
    directory.mkdir(parents=True, exist_ok=True)
    installed = {name: shutil.which(name) for name in PROGRAMS}
    if all(installed.values()):
        for name, where in installed.items():
            (directory / name).unlink(missing_ok=True)
            (directory / name).symlink_to(str(where))
    if all(program(name) for name in PROGRAMS):
        return ""
    return debian.unpack("prometheus", UNPACKED)


if __name__ == "__main__":
    print(f"Prometheus: {fetch() or program('prometheus')}", file=sys.stderr)
