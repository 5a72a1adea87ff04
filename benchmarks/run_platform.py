"""The platform that is measured, in a process of its own: as `make demo` starts it, on servers that hold nothing else.

It says where everything is, then obeys line by line: `restart` ends gateway and services and says after how many
seconds all are ready again; `memory` says their PSS in MiB.
"""

import asyncio
import json
import os
import re
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import asyncpg

from common.local.children import Children, Reaper
from common.local.layout import GATEWAY, IDENTITY, Layout
from common.local.places import STATE
from common.local.platform import Platform, Urls
from common.local.ports import LOOPBACK, free_ports
from common.local.postgres import Postgres
from common.local.signals import Ended, ended_by_signals


class Measured(Platform):
    def __init__(self, layout: Layout, children: Children) -> None:
        super().__init__(layout, children)
        self._known: dict[str, str] = {}

    def _gateway(self) -> dict[str, str]:
        """Asked for once: the helper that knows ends with the first start."""
        self._known = self._known or super()._gateway()
        return self._known

    def restart(self, urls: Urls) -> float:
        """Seconds until the gateway and every service answer /readyz; the libraries are imported already."""
        self.kill([GATEWAY, *urls])
        began = time.perf_counter()
        self._start(GATEWAY, "gateway.main:main", environment=self._gateway())
        self.begin(urls)
        self.forked.wait_ready(GATEWAY, f"{self.layout.url(GATEWAY)}/readyz")
        return time.perf_counter() - began

    def memory(self) -> float:
        """MiB: each shared page counts for its share, so the sum is what the processes take."""
        pids = [process.pid for name, process in self.forked.running.items() if name != IDENTITY]
        return sum(pss(pid) for pid in pids if pid) / 1024


def pss(pid: int) -> int:
    """In KiB; Linux only."""
    said = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert said
    return int(said[1])


def main(port: int) -> None:
    layout = Layout(port)
    layout.logs.mkdir(parents=True, exist_ok=True)
    with ended_by_signals(), ExitStack() as ends:
        children = ends.enter_context(Reaper())
        os.environ["BASSIN_ADMIN_DATABASE_URL"] = database_server(layout, children)
        platform = Measured(layout, children)
        platform.environment()
        platform.postgres()
        platform.broker()
        _, urls = platform.databases()
        ends.callback(platform.forked.end_all)
        platform.services(urls)
        say(addresses(layout, urls))
        for line in sys.stdin:
            platform.check(within=0)
            say({"restart": lambda: platform.restart(urls), "memory": platform.memory}[line.strip()]())


def database_server(layout: Layout, children: Children) -> str:
    """One that writes through to its disk, and that can tell when a row was committed."""
    children.remove_afterwards(layout.postgres_home)
    [port] = free_ports(1)
    server = Postgres(layout.postgres_home, port=port, log=layout.logs / "postgres.log")
    server.start(children)
    asyncio.run(administrate(server.admin_url, "ALTER SYSTEM SET track_commit_timestamp = on"))
    server.stop()
    server.start(children)
    return server.admin_url


async def administrate(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(sql)
    await connection.close()


def addresses(layout: Layout, urls: Urls) -> dict[str, object]:
    return {
        "gateway": layout.url(GATEWAY),
        "identity": layout.url(IDENTITY),
        "services": {name: layout.url(name) for name in urls},
        "databases": urls,
        "kafka": f"{LOOPBACK}:{layout.port('kafka')}",
        "admin": os.environ["BASSIN_ADMIN_DATABASE_URL"],
        "keys": str(STATE / "signing-keys.json"),
    }


def say(answer: object) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]))
    except Ended:
        sys.exit(0)
