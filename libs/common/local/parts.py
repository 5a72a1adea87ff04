"""The parts that are not Python, Kafka's jars and PostgreSQL's binaries: fetched once, checked by the lock's sha256."""

import errno
import hashlib
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple

from common.local.places import PARTS_LOCK, cache
from common.local.trouble import Trouble

PLATFORMS = ("linux-amd64", "linux-arm64v8", "darwin-amd64", "darwin-arm64v8")

OnBytes = Callable[[int], None]


class Part(NamedTuple):
    group: str
    coordinates: str
    size: int
    sha256: str

    @property
    def file(self) -> Path:
        _, name, version = self.coordinates.split(":")
        return cache() / "parts" / f"{name}-{version}-{self.sha256[:12]}.jar"


def locked() -> list[Part]:
    lines = PARTS_LOCK.read_text(encoding="ascii").splitlines()
    rows = (line.split() for line in lines if line and not line.startswith("#"))
    return [Part(group, coordinates, int(size), sha256) for group, coordinates, size, sha256 in rows]


def this_platform() -> str:
    system = {"linux": "linux", "darwin": "darwin"}.get(sys.platform, sys.platform)
    machine = {"x86_64": "amd64", "arm64": "arm64v8", "aarch64": "arm64v8"}.get(platform.machine(), platform.machine())
    if f"{system}-{machine}" not in PLATFORMS:
        raise Trouble(f"no PostgreSQL for {system}-{machine}: set BASSIN_ADMIN_DATABASE_URL to a server of your own")
    return f"{system}-{machine}"


def kafka_parts() -> list[Part]:
    return [part for part in locked() if part.group == "kafka"]


def postgres_part() -> Part:
    wanted = f"postgresql-{this_platform()}"
    return next(part for part in locked() if part.group == wanted)


def missing(parts: Iterable[Part]) -> list[Part]:
    return [part for part in parts if not part.file.exists()]


def fetch(parts: Iterable[Part], on_bytes: OnBytes = lambda _: None) -> list[Path]:
    """Every part as a file; only what is absent is downloaded, and it appears under its name when it is whole."""
    parts = list(parts)
    absent = missing(parts)
    if absent:
        with ThreadPoolExecutor(max_workers=6) as pool:
            for _ in pool.map(lambda part: _download(part, on_bytes), absent):
                pass
    return [part.file for part in parts]


def _download(part: Part, on_bytes: OnBytes) -> None:
    import requests  # noqa: PLC0415 - these three imports take 0.4 s and are needed once in a machine's life
    from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415

    part.file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=part.file.parent) as scratch:
            resolver = PythonResolver(progress_callback=_progress(on_bytes))
            context = MavenContext(resolver, repo_cache=Path(scratch), local_repos=[], timeout=60)
            group, name, version = part.coordinates.split(":")
            jar = context.project(group, name).at_version(version).artifact().resolve()
            check(part, jar)
            jar.replace(part.file)
    except requests.RequestException as problem:
        reason = type(problem).__name__
        raise Trouble(
            f"{part.coordinates} cannot be fetched ({reason}): connect to the network and run again"
        ) from None
    except OSError as problem:
        raise disk_trouble(problem, part.file.parent) from problem


def check(part: Part, jar: Path) -> None:
    found = hashlib.sha256(jar.read_bytes()).hexdigest()
    if found != part.sha256:
        raise Trouble(f"{part.coordinates} has sha256 {found[:12]}…, not the one of {PARTS_LOCK.name}: do not use it")


def disk_trouble(problem: OSError, place: Path) -> Exception:
    if problem.errno in {errno.ENOSPC, errno.EDQUOT}:
        return Trouble(f"the disk of {place} is full: free 1 GB and run again")
    return Trouble(f"{place} cannot be written ({os.strerror(problem.errno or 0)}): correct its rights")


def _progress(on_bytes: OnBytes) -> Callable[[str, int], AbstractContextManager[OnBytes]]:
    return lambda _name, _size: nullcontext(on_bytes)
