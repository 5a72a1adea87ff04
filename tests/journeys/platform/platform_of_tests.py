"""The whole platform as `make demo` starts it, every service its own process, on this run's PostgreSQL and Kafka."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from msgspec import Struct

from common.local.layout import Layout


class Platform(Struct, frozen=True):
    """What `bassin demo --json` says when everything is up."""

    url: str
    identity_provider: str
    kafka: str
    mail: str
    logs: str
    figures: dict[str, float]


@contextmanager
def up(state: Path, postgres: str, kafka: str) -> Iterator[Platform]:
    """Up, with the directory loaded and the witness journey played; told to end, it ends well."""
    servers = {"BASSIN_STATE": str(state), "BASSIN_ADMIN_DATABASE_URL": postgres, "BASSIN_KAFKA": kafka}
    bassin = str(Path(sys.executable).parent / "bassin")
    with subprocess.Popen(
        [bassin, "demo", "--json", "--play", "census", "--port", str(free_block())],
        env={**os.environ, **servers},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said = process.stdout.readline()
        if not said:
            pytest.fail(f"the platform did not come up: {process.stderr.read()}")
        yield msgspec.json.decode(said, type=Platform)
        process.terminate()
        _, last_words = process.communicate(timeout=15)
        assert process.returncode == 0, last_words


def free_block() -> int:
    """The first of as many free ports in a row as a demo needs."""
    needed = len(Layout().ports)
    for first in range(20_000 + os.getpid() % 10_000, 60_000, needed):
        if all(_free(port) for port in range(first, first + needed)):
            return first
    raise OSError("no free block of ports")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
