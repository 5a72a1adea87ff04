"""Where an operator's command finds a service's database and broker: the environment, else the running demo."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any, NoReturn, TypeVar

import asyncpg
import msgspec
from aiokafka.errors import KafkaError
from msgspec import Struct

from common.clock import Clock
from common.db import Database, connect
from common.identifiers import CodeAcademie, InvalidIdentifier
from common.inbox import Inbox
from common.local.places import STATE
from common.migrate import ServiceUrls
from common.service import Service, load
from common.settings import lookup

T = TypeVar("T")
RUN = STATE / "run.json"  # written by `bassin demo` while it runs
ENVIRONMENT = 3  # exit status: this environment will not do
# What the environment can be blamed for; any other error of the database is a bug and shows where.
DATABASE_REFUSES = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
)


class Run(Struct, frozen=True, kw_only=True):
    """The running demo, for the commands beside it."""

    gateway: str
    identity_provider: str
    kafka: str
    academies: tuple[str, ...]
    services: Mapping[str, ServiceUrls]


class Reached(Struct, frozen=True):
    service: Service
    urls: ServiceUrls
    kafka: str
    academies: tuple[CodeAcademie, ...]

    @asynccontextmanager
    async def inbox(self) -> AsyncIterator[Inbox]:
        """The live consumer's inbox, worked by this command; the database keeps the two apart."""
        pool = await connect(self.urls.app, size=2)
        try:
            yield Inbox(Database(self.service.name, pool, Clock()), self.service.table(), self.academies)
        finally:
            await pool.close()


def fail(line: str, status: int = ENVIRONMENT) -> NoReturn:
    print(line, file=sys.stderr)
    sys.exit(status)


def answered(service: str, work: Coroutine[Any, Any, T]) -> T:
    """What `work` comes to; a database or a broker that cannot be used is one line with its remedy."""
    try:
        return asyncio.run(work)
    except asyncpg.UndefinedTableError:
        fail(f"the database of {service} is not laid out: bassin provision {service}")
    except (*DATABASE_REFUSES, KafkaError, OSError) as error:
        broker = isinstance(error, KafkaError)
        place, where = ("broker", "BASSIN_KAFKA") if broker else ("database", "BASSIN_DATABASE_URL and its like")
        fail(f"the {place} of {service} cannot be used ({type(error).__name__}): check {where}, or make demo")


def served(codes: str) -> tuple[CodeAcademie, ...]:
    try:
        return tuple(CodeAcademie(code.strip()) for code in codes.split(","))
    except InvalidIdentifier:
        fail("BASSIN_ACADEMIES names the académies of this deployment: BASSIN_ACADEMIES=09,20")


def running() -> Run | None:
    try:
        return msgspec.json.decode(RUN.read_bytes(), type=Run)
    except FileNotFoundError:
        return None


def reach(name: str, environ: Mapping[str, str] = os.environ) -> Reached:
    """One service, with whatever addresses are known; a command that needs another one fails when it connects."""
    try:
        service = load(name)
    except LookupError as unknown:
        fail(str(unknown), 2)
    run = running()
    if app := lookup(environ, "database_url"):
        found = ServiceUrls(
            admin=lookup(environ, "admin_database_url") or "",
            app=app,
            **{role: lookup(environ, f"{role}_database_url") or app for role in ("owner", "maint", "relay")},
        )
        return Reached(service, found, environ.get("BASSIN_KAFKA", ""), served(environ.get("BASSIN_ACADEMIES", "")))
    if run is None or name not in run.services:
        fail("no database: set BASSIN_DATABASE_URL, BASSIN_KAFKA and BASSIN_ACADEMIES, or run this beside make demo")
    return Reached(service, run.services[name], run.kafka, tuple(map(CodeAcademie, run.academies)))
