"""Make .venv hold what a lock says: `python3 tools/environment.py local|dev|bench`. A second time it fetches nothing.

Only the standard library, in words that an older Python can still read, so that it can say that it is too old.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
CONTAINS = {"bench": ["local", "dev", "bench"], "dev": ["local", "dev"], "local": ["local"]}
LOG = ROOT / ".bassin" / "environment.log"
NETWORK = "connect to the network and run again"


def main(name: str) -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - it is an older Python that comes here
        version = ".".join(map(str, sys.version_info[:3]))
        sys.exit(f"Python 3.11 or later is needed, {sys.executable} is {version}: make PYTHON=/path/to/python3.11")
    (ROOT / ".bassin").mkdir(exist_ok=True)
    with (ROOT / ".bassin" / "environment.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two `make` side by side
        if not is_made(name):
            make(name)
        for contained in CONTAINS[name]:
            stamp(contained).write_text(wanted(contained))


def stamp(name: str) -> Path:
    return VENV / f"{name}.stamp"


def wanted(name: str) -> str:
    """What the environment depends on: the locks, the interpreter, and the path that its scripts hold."""
    digest = hashlib.sha256("\n".join([str(ROOT), sys.version, sys.base_prefix]).encode())
    for part in ("requirements/bootstrap.lock", f"requirements/{name}.lock", "pyproject.toml"):
        digest.update((ROOT / part).read_bytes())
    return digest.hexdigest()


def is_made(name: str) -> bool:
    return stamp(name).exists() and stamp(name).read_text() == wanted(name)


def make(name: str) -> None:
    began = time.monotonic()
    say(f"environment: the packages of requirements/{name}.lock")
    if not is_usable():
        shutil.rmtree(VENV, ignore_errors=True)
        run(
            "venv",
            [sys.executable, "-m", "venv", str(VENV)],
            "add Python's venv module (Debian: apt install python3-venv)",
        )
    install = ["install", "--require-hashes", "--no-deps", "-r"]
    run("uv", [str(PYTHON), "-m", "pip", "-q", "--retries=1", *install, "requirements/bootstrap.lock"], NETWORK)
    uv = [str(PYTHON), "-m", "uv"]
    lock = [f"requirements/{name}.lock", "--compile-bytecode"]  # compiled by each process, they would fill its memory
    run("packages", [*uv, "pip", *install, *lock], NETWORK, watched=sys.stderr.isatty())
    ours = ["--no-deps", "--no-build-isolation", "--offline", "--editable", "."]
    run("bassin", [*uv, "pip", "install", *ours], "read the log")
    run("bytecode", [str(PYTHON), "-m", "compileall", "-q", "-j0", "libs", "services"], "read the log")
    say(f"environment: ready after {time.monotonic() - began:.0f} s")


def is_usable() -> bool:
    """A clone that was moved, or another interpreter, needs another environment."""
    config = VENV / "pyvenv.cfg"
    said = config.read_text() if config.exists() else ""
    version = ".".join(map(str, sys.version_info[:3]))
    return f"version = {version}\n" in said and f"venv {VENV}\n" in said and PYTHON.exists()


def run(what: str, command: list[str], remedy: str, *, watched: bool = False) -> None:
    """One step, or one line that says which failed and what to do. `watched`: it has a bar for people to see."""
    environment = {**os.environ, "VIRTUAL_ENV": str(VENV), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    with LOG.open("w+b") as log:
        out = None if watched else log
        done = subprocess.run(command, cwd=ROOT, env=environment, check=False, stdout=out, stderr=out)  # noqa: S603 - ours
        log.seek(0)
        full = b"No space left" in log.read()
    if done.returncode != 0:
        sys.exit(f"environment: {what} cannot be installed: {'free 1 GB of disk' if full else remedy} (log: {LOG})")


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
