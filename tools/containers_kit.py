"""podman and the kit that makes images under their official names: what compose-prove and kube-prove run on.

COMPOSE_KIT names the kit, ../shared/tools/containers else; `missing` says where it is absent, or we are not root.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KIT = Path(os.environ.get("COMPOSE_KIT", ROOT.parent / "shared/tools/containers"))
OURS = ROOT / ".bassin" / "compose-kit"  # its files are copied into images with their modes: they must be writable
BASSIN = ROOT / ".venv/bin/bassin"


def missing() -> str:
    """What is needed and is not here, in one line; empty where nothing is."""
    if (KIT / "setup.sh").exists() and os.geteuid() == 0:
        return ""
    return f"not run: it needs root and the containers kit (COMPOSE_KIT), looked for in {KIT}"


def set_up() -> None:
    """Packages, podman's settings, the stand-ins of the base images; what is there already is kept."""
    shutil.rmtree(OURS, ignore_errors=True)
    shutil.copytree(KIT, OURS)
    run("chmod", "-R", "u+w", OURS)
    run(OURS / "setup.sh")


def compose(files: Sequence[str], *command: str, environment: Mapping[str, str]) -> None:
    run(OURS / "compose", *files, *command, environment=environment)


def podman(*command: str) -> str:
    done = subprocess.run(["podman", *command], check=True, capture_output=True, text=True)  # noqa: S603, S607
    return done.stdout.strip()


def run(*command: object, environment: Mapping[str, str] | None = None) -> None:
    """Told before it begins; raises CalledProcessError where it fails."""
    print("+", *command, flush=True)
    subprocess.run([*map(str, command)], cwd=ROOT, check=True, env={**os.environ, **(environment or {})})  # noqa: S603
