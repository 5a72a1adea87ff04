"""A service's database from nothing to its present schema: roles, migrations, and the handlers that may run."""

import hashlib
import hmac
import importlib.util
from collections.abc import Collection, Mapping
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import asyncpg
import msgspec
from alembic import command, context, op
from alembic.config import Config
from alembic.script import ScriptDirectory
from msgspec import Struct
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from common.handlers import HandlerKind
from common.tx import inline

INFRA = "infra"
COMMON = Path(__file__).parent / "migrations"
Ends = Mapping[str, Mapping[int, int]]  # stream -> partition -> offset


class ServiceUrls(Struct, frozen=True):
    """How each role reaches one service's database."""

    admin: str
    owner: str  # DDL
    maint: str  # BYPASSRLS: data steps of migrations, dump, restore, rebuild
    app: str
    relay: str


def roles(service: str) -> dict[str, str]:
    return {role: f"bassin_{service}_{role}" for role in ("owner", "maint", "app", "relay")}


def urls(service: str, admin_url: str, database: str) -> ServiceUrls:
    """Addresses with passwords derived from the administrator's: nothing more to keep, the same on a second run."""
    named = roles(service).items()
    return ServiceUrls(_at(admin_url, database), **{r: _at(admin_url, database, name) for r, name in named})


def _at(admin_url: str, database: str, role: str | None = None) -> str:
    parts = urlsplit(admin_url)
    host = parts.netloc.rpartition("@")[2]
    user = parts.netloc.rpartition("@")[0]
    if role is not None:
        key = unquote(parts.password or "").encode()
        user = f"{role}:{hmac.new(key, role.encode(), hashlib.sha256).hexdigest()[:32]}"
    return urlunsplit((parts.scheme, f"{user}@{host}", f"/{quote(database)}", parts.query, ""))


async def migrate(service: str, admin_url: str, database: str) -> ServiceUrls:
    """Create what is missing of the roles and the database, then run the migrations; safe to run twice."""
    found = urls(service, admin_url, database)
    await _provision(service, found, database)
    await upgrade(service, found.owner)
    return found


async def _provision(service: str, found: ServiceUrls, database: str) -> None:
    administrator = await asyncpg.connect(_at(found.admin, "postgres"))
    try:
        for role, name in roles(service).items():
            password = urlsplit(getattr(found, role)).password
            flags = "BYPASSRLS" if role == "maint" else "NOBYPASSRLS"
            verb = "ALTER" if await administrator.fetchval(ROLE_EXISTS, name) else "CREATE"
            await administrator.execute(inline(f'{verb} ROLE "{name}" LOGIN NOSUPERUSER {flags} PASSWORD $1', password))
        if not await administrator.fetchval(DATABASE_EXISTS, database):
            await administrator.execute(f'CREATE DATABASE "{database}" OWNER "{roles(service)["owner"]}"')
            await administrator.execute(f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC')
        for name in roles(service).values():
            await administrator.execute(f'GRANT CONNECT ON DATABASE "{database}" TO "{name}"')
    finally:
        await administrator.close()


async def upgrade(service: str, owner_url: str) -> None:
    """Run the migrations that this database has not seen, as its owner."""
    # asyncpg reads the address, as everywhere else: SQLAlchemy would refuse its sslmode
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(owner_url))
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, service)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, service: str) -> None:
    connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {INFRA}")  # alembic keeps its version there
    connection.commit()
    config = configuration(service)
    config.attributes["connection"] = connection
    command.upgrade(config, "heads")
    connection.commit()


def configuration(service: str) -> Config:
    locations = [COMMON / "versions", *_own_migrations(service)]
    config = Config()
    config.set_main_option("script_location", str(COMMON).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(map(str, locations)).replace("%", "%%"))
    config.attributes["service"] = service
    return config


def _own_migrations(service: str) -> list[Path]:
    spec = importlib.util.find_spec(service)
    folders = [] if spec is None else [Path(p) / "migrations" for p in spec.submodule_search_locations or ()]
    return [folder for folder in folders if folder.is_dir()]


def run_sql_beside(module: str) -> None:
    """Run the .sql file beside a revision; {app}, {relay}, {maint}, {owner} are this service's roles."""
    sql = Path(module).with_suffix(".sql").read_text("utf-8")
    for role, name in roles(context.config.attributes["service"]).items():
        sql = sql.replace(f"{{{role}}}", name)
    if context.is_offline_mode():
        op.execute(sql)
        return
    op.execute("SELECT 1")  # opens alembic's transaction: what follows goes past SQLAlchemy
    driver = op.get_bind().connection.dbapi_connection
    assert driver is not None
    driver.run_async(lambda raw: raw.execute(sql))  # several statements: more than SQLAlchemy's cursor would take


async def lacking(connection: "asyncpg.Connection[asyncpg.Record]", service: str, handlers: Collection[str]) -> str:
    """What this release needs and the database has not, in a few words; "" if nothing, or if a later release was here.

    Handlers are registered last, so topics are there when they are.
    """
    applied = {row["version_num"] for row in await connection.fetch(APPLIED)}
    scripts = ScriptDirectory.from_config(configuration(service))
    known = {revision.revision for revision in scripts.walk_revisions()}
    if applied <= known and (missing := set(scripts.get_heads()) - applied):
        return f"migrations up to {', '.join(sorted(missing))} are missing"
    registered = {row["name"] for row in await connection.fetch(REGISTERED)}
    if unknown := set(handlers) - registered:
        return f"handlers are not registered: {', '.join(sorted(unknown))}"
    return ""


async def register(owner_url: str, service: str, handlers: Mapping[str, HandlerKind], ends: Ends) -> None:
    """Write down which handlers may run, before new pods start.

    In a new database every handler begins at the beginning. Later, a new reaction begins at `ends` (where this
    service stands on the streams it hears, the end of the others) and a new projection waits for `bassin rebuild`.
    """
    owner = await asyncpg.connect(owner_url)
    try:
        fresh = not await owner.fetchval(HAS_LISTENED, service)
        first = {} if fresh else await _standing(owner, service, ends)
        for name, kind in handlers.items():
            built = fresh or kind is HandlerKind.REACTION
            start = first if kind is HandlerKind.REACTION else {}
            await owner.execute(REGISTER, name, kind.value, msgspec.json.encode(start).decode(), built)
    finally:
        await owner.close()


async def _standing(owner: "asyncpg.Connection[asyncpg.Record]", service: str, ends: Ends) -> dict[str, dict[int, int]]:
    first = {stream: dict(places) for stream, places in ends.items()}
    for row in await owner.fetch(STANDING, service):
        first.setdefault(row["stream"], {})[row["partition"]] = row["next"]
    return first


ROLE_EXISTS = "SELECT 1 FROM pg_roles WHERE rolname = $1"
DATABASE_EXISTS = "SELECT 1 FROM pg_database WHERE datname = $1"
APPLIED = "SELECT version_num FROM infra.alembic_version"
REGISTERED = "SELECT name FROM infra.handler"
HAS_LISTENED = 'SELECT 1 FROM infra."offset" WHERE consumer = $1 LIMIT 1'
STANDING = 'SELECT stream, partition, next FROM infra."offset" WHERE consumer = $1'
REGISTER = """
INSERT INTO infra.handler (name, kind, first, built_at) VALUES ($1, $2, $3::jsonb, CASE WHEN $4 THEN now() END)
ON CONFLICT (name) DO NOTHING
"""
