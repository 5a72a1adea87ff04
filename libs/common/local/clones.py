"""A migrated database for every test: cloned from the service's template, which one run migrates once."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import asyncpg

from common.local.run_servers import RunServers
from common.migrate import ServiceUrls, migrate, roles, urls


@contextmanager
def clones(servers: RunServers) -> Iterator[Callable[[str], ServiceUrls]]:
    made: list[str] = []

    def clone(service: str) -> ServiceUrls:
        template = servers.once(f"template-{service}", lambda: _migrated(servers, service))
        made.append(f"{template}_{secrets.token_hex(4)}")
        _administrate(servers, _copying(service, template, made[-1]))
        return urls(service, servers.admin_url(), made[-1])

    try:
        yield clone
    finally:
        drop(servers, made)


def drop(servers: RunServers, databases: Sequence[str]) -> None:
    _administrate(servers, [f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)' for name in databases])


def _migrated(servers: RunServers, service: str) -> str:
    template = f"bassin_{servers.name}_{service}"
    _apart(lambda: migrate(service, servers.admin_url(), template))
    return template


def _copying(service: str, template: str, name: str) -> list[str]:
    """A copy has its template's tables, not the grants on the database itself."""
    return [
        f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER "{roles(service)["owner"]}"',
        f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC',
        *(f'GRANT CONNECT ON DATABASE "{name}" TO "{role}"' for role in roles(service).values()),
    ]


def _administrate(servers: RunServers, statements: Sequence[str]) -> None:
    async def execute() -> None:
        connection = await asyncpg.connect(servers.admin_url())
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    _apart(execute)


def _apart(work: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """In a thread of its own, for the test that asks may run in an event loop."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(lambda: asyncio.run(work())).result()
