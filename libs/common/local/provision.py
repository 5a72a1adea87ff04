"""What must exist before a service starts: its roles, its migrated database, its topics, its handlers' beginnings."""

import asyncio
import os
from collections.abc import Mapping
from urllib.parse import urlsplit

import asyncpg
import msgspec
from aiokafka.errors import KafkaError

from common import topics
from common.cli import operate
from common.contracts.catalogue import CONTRACTS
from common.local.identity_provider import issuers_toml
from common.local.places import CERTIFICATES, STATE
from common.local.trouble import Trouble
from common.migrate import urls
from common.signing_keys import create_keys

PARTITIONS = 3
PUBLIC = (
    ("hr_networks", "/calendrier"),
    ("hr_networks", "/calendrier.ics"),
    ("training", "/verification"),
)  # pages that anybody may read
LARGE = (("territory", "/v1/territory/imports", 100_000_000),)  # service, prefix, bytes of a body


def server_version(admin_url: str) -> str:
    return asyncio.run(_server_version(admin_url))


async def _server_version(admin_url: str) -> str:
    try:
        connection = await asyncpg.connect(admin_url, timeout=10)
        try:
            return str(await connection.fetchval("SHOW server_version")).split()[0]
        finally:
            await connection.close()
    except (OSError, asyncpg.PostgresError) as refusal:
        raise _refused(admin_url, refusal) from refusal


def provision(names: tuple[str, ...], admin_url: str, kafka: str) -> tuple[dict[str, dict[str, str]], int]:
    """Each service's addresses by role, and how many topics there are; safe to run again."""
    os.environ |= {"BASSIN_ADMIN_DATABASE_URL": admin_url, "BASSIN_KAFKA": kafka, "BASSIN_PARTITIONS": str(PARTITIONS)}
    try:
        asyncio.run(topics.ensure(kafka, CONTRACTS.values(), partitions=PARTITIONS))  # all: services hear each other's
        for name in names:
            operate.provision(name)
    except (KafkaError, TimeoutError) as refusal:
        raise Trouble(f"Apache Kafka at {kafka} refuses ({_line(refusal)}): --fresh, or another broker") from refusal
    except (OSError, asyncpg.PostgresError) as refusal:
        raise _refused(admin_url, refusal) from refusal
    found = {name: msgspec.structs.asdict(urls(name, admin_url, f"bassin_{name}")) for name in names}
    return found, sum(len(contract.streams) for contract in CONTRACTS.values())


def gateway_files(identity: str, services: Mapping[str, str]) -> dict[str, str]:
    """The gateway's settings that are files: its keys, made once in a clone, its issuers, its routes.

    The keys of attestations, which services read, are made with them.
    """
    keys = STATE / "signing-keys.json"
    for file in (keys, STATE / CERTIFICATES):
        if not file.exists():
            create_keys(file)
    (STATE / "routes.toml").write_text(routes_toml(services))
    (STATE / "issuers.toml").write_text(issuers_toml(identity), "utf-8")
    return {
        "BASSIN_SIGNING_KEYS": str(keys),
        "BASSIN_ROUTES": str(STATE / "routes.toml"),
        "BASSIN_ISSUERS": str(STATE / "issuers.toml"),
    }


def routes_toml(services: Mapping[str, str]) -> str:
    usual = [f'[[routes]]\nservice = "{name}"\nurl = "{url}"\n' for name, url in services.items()]
    public = [
        f'[[routes]]\nservice = "{name}"\nurl = "{services[name]}"\nprefix = "{prefix}"\npublic = true\n'
        for name, prefix in PUBLIC
        if name in services
    ]
    large = [
        f'[[routes]]\nservice = "{name}"\nurl = "{services[name]}"\nprefix = "{prefix}"\nlargest_body = {size}\n'
        for name, prefix, size in LARGE
        if name in services
    ]
    return "\n".join(usual + public + large)


def _refused(admin_url: str, refusal: Exception) -> Trouble:
    where = urlsplit(admin_url)
    return Trouble(
        f"PostgreSQL at {where.hostname}:{where.port} refuses ({_line(refusal)}): --fresh, or another server"
    )


def _line(refusal: Exception) -> str:
    return str(refusal).partition("\n")[0] or type(refusal).__name__
