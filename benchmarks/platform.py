"""The one platform that the rows of commands, reads and gateway share: started by the first that asks for it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

import asyncpg
import msgspec
from msgspec import Struct

from common.local.layout import Layout
from common.local.places import ROOT
from common.local.ports import LOOPBACK, require_free
from common.local.trouble import Trouble

STATE = ROOT / ".bassin" / "bench-platform"
FIRST_PORT = 21_000  # below the ports that the system deals out


class Addresses(Struct, frozen=True):
    gateway: str
    identity: str
    services: dict[str, str]
    databases: dict[str, dict[str, str]]  # service -> role -> address
    kafka: str
    admin: str
    keys: str


class Platform:
    """It ends with this process: its standard input is our pipe."""

    def __init__(self) -> None:
        shutil.rmtree(STATE, ignore_errors=True)
        STATE.mkdir(parents=True)
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "benchmarks.run_platform", str(free_block())],
            cwd=ROOT,
            env={**os.environ, "BASSIN_STATE": str(STATE)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.at = msgspec.convert(self._heard(), Addresses)

    def ask(self, order: str) -> float:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()
        return float(self._heard())

    def _heard(self) -> Any:
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        if not said:
            raise Trouble(f"the platform that is measured is gone ({STATE / 'logs'})")
        return json.loads(said)

    async def fetch(self, service: str, sql: str, *args: object) -> list[asyncpg.Record]:
        """As the server's administrator, who sees every row."""
        url = f"{self.at.admin.rpartition('/')[0]}/bassin_{service}"
        connection = await asyncpg.connect(url)
        try:
            return list(await connection.fetch(sql, *args))
        finally:
            await connection.close()


@cache
def platform() -> Platform:
    return Platform()


def free_block() -> int:
    """As many free ports in a row as the platform needs; two runs at once begin to look at different places."""
    needed = len(Layout().ports)
    for first in range(FIRST_PORT + os.getpid() % 500 * needed, 32_000, needed):
        if all(is_free(port) for port in range(first, first + needed)):
            return first
    raise Trouble(f"no {needed} free ports in a row on {LOOPBACK}")


def is_free(port: int) -> bool:
    try:
        require_free(port)
    except Trouble:
        return False
    return True


def bearer(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}
