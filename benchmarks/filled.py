"""A database of hr_networks that has been at work for years: what a command writes to is full already."""

from urllib.parse import urlsplit

import asyncpg

from common.contracts.hr_networks import NetworkActivated
from common.local.run_servers import RunServers
from common.migrate import ServiceUrls

FILL = (
    """INSERT INTO bassin (academie, code, name, local_name)
       SELECT a, gen_random_uuid()::text, 'LILLE CENTRE', 'bassin'
       FROM unnest($1::text[]) AS a, generate_series(1, $2)""",
    """INSERT INTO audit (academie, id, at, agent, action, subject, detail)
       SELECT a, gen_random_uuid(), now(), gen_random_uuid(), 'network-activated', gen_random_uuid(), '{}'
       FROM unnest($1::text[]) AS a, generate_series(1, $2)""",
)
VERSIONS = """
INSERT INTO infra.aggregate (stream, subject, version)
SELECT $1, gen_random_uuid(), 1 FROM generate_series(1, $2)
"""


async def fill(servers: RunServers, urls: ServiceUrls, academies: list[str], rows: int) -> None:
    """`rows` in each académie, as the server's administrator, whom RLS does not stop."""
    name = urlsplit(urls.app).path.removeprefix("/")
    connection = await asyncpg.connect(servers.admin_url(), database=name)
    try:
        for sql in FILL:
            await connection.execute(sql, academies, rows)
        await connection.execute(VERSIONS, NetworkActivated.stream, rows * len(academies))
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
