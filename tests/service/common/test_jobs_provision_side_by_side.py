"""On Kubernetes each service has a Job of its own, and all begin at once: none may stand in the way of another."""

import asyncio
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import pytest

from common.local.clones import drop
from common.local.layout import service_names
from common.migrate import urls

if TYPE_CHECKING:
    from common.local.run_servers import RunServers

JOB = "import asyncio, sys; from common.migrate import migrate; asyncio.run(migrate(*sys.argv[1:]))"
TIMES = 2  # a Job may run again


@pytest.fixture
def prefix(servers: "RunServers") -> Iterator[str]:
    found = f"bassin_side_{uuid4().hex[:8]}"
    yield found
    drop(servers, [f"{found}_{name}" for name in service_names()])


async def test_every_database_is_laid_out_and_a_second_run_changes_nothing(postgres: str, prefix: str) -> None:
    seen = []
    for _ in range(TIMES):
        assert await asyncio.gather(*(job(name, postgres, f"{prefix}_{name}") for name in service_names())) == [
            (0, "") for _ in service_names()
        ]
        seen.append([await applied(name, postgres, f"{prefix}_{name}") for name in service_names()])

    assert all(seen[0])
    assert seen[0] == seen[1]


async def job(service: str, admin: str, database: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", JOB, service, admin, database, stderr=asyncio.subprocess.PIPE
    )
    _, complaint = await process.communicate()
    return process.returncode or 0, complaint.decode()[-500:]


async def applied(service: str, admin: str, database: str) -> list[str]:
    """As the service itself may see it."""
    connection = await asyncpg.connect(urls(service, admin, database).app)
    try:
        rows = await connection.fetch("SELECT version_num FROM infra.alembic_version ORDER BY 1")
        return [row["version_num"] for row in rows]
    finally:
        await connection.close()
