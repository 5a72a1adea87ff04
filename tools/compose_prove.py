"""`make compose-prove`: compose.yaml brought up from nothing, played on, started again, and gone without a trace.

It needs the kit that makes images under their official names (COMPOSE_KIT names it, ../shared/tools/containers else)
and root; where it is absent it says so and ends with status 3. Grafana and Mailpit cannot be had there: not run.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KIT = Path(os.environ.get("COMPOSE_KIT", ROOT.parent / "shared/tools/containers"))
OURS = ROOT / ".bassin" / "compose-kit"  # its files are copied into images with their modes: they must be writable
BASSIN = ROOT / ".venv/bin/bassin"
FILES = ["-f", "compose.yaml", "-f", "tests/deployment/without-mailpit.yaml"]
THREE = ["-f", "deploy/compose/three-brokers.yaml"]
READY_WITHIN = 60  # seconds from `up` to all healthy, images built


def main() -> int:
    if not (KIT / "setup.sh").exists() or os.geteuid() != 0:
        print(f"not run: it needs root and the containers kit (COMPOSE_KIT), not found in {KIT}", file=sys.stderr)
        return 3
    shutil.rmtree(OURS, ignore_errors=True)
    shutil.copytree(KIT, OURS)
    run("chmod", "-R", "u+w", OURS)
    run(OURS / "setup.sh")
    run(BASSIN, "secrets", "create", ".bassin/secrets")
    prove("one broker", FILES)
    prove("three brokers", [*FILES, *THREE], BASSIN_KAFKA="kafka:9092,kafka-2:9092,kafka-3:9092")
    return 0


def prove(name: str, files: list[str], **environment: str) -> None:
    os.environ.update(environment)
    compose(files, "build")
    try:
        seconds = up(files)
        assert seconds <= READY_WITHIN, f"ready after {seconds:.0f} s"
        journey()
        before = known()
        compose(files, "stop")
        up(files)
        assert known() == before, f"{before} before the restart, {known()} after"
        journey()
    finally:
        compose(files, "down", "-v")
    left = [said for kind in ("container", "volume") if (said := podman(kind, "ls", "-q", "--filter", "name=bassin"))]
    assert not left, f"left behind: {left}"
    print(f"{name}: ready after {seconds:.0f} s, journey, restart, journey, nothing left")


def up(files: list[str]) -> float:
    began = time.monotonic()
    compose(files, "up", "-d", "--wait")
    return time.monotonic() - began


def journey() -> None:
    run(BASSIN, "journey")


def known() -> str:
    """Rows of the territory's database: what a restart must keep."""
    query = "SELECT count(*) FROM etablissement"
    return podman("exec", "bassin_postgres_1", "psql", "-U", "postgres", "-d", "bassin_territory", "-Atc", query)


def compose(files: list[str], *command: str) -> None:
    run(OURS / "compose", *files, *command, environment={"COMPOSE_PROFILES": "demo"})


def podman(*command: str) -> str:
    done = subprocess.run(["podman", *command], check=True, capture_output=True, text=True)  # noqa: S603, S607
    return done.stdout.strip()


def run(*command: object, environment: dict[str, str] | None = None) -> None:
    print("+", *command, flush=True)
    subprocess.run([*map(str, command)], cwd=ROOT, check=True, env={**os.environ, **(environment or {})})  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
