"""Where an operator's command finds a service's database and broker: the environment, else the running demo."""

import asyncio
import os
import pwd
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
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

PASSING = (asyncpg.LockNotAvailableError, asyncpg.TransactionRollbackError)


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

    def broker(self) -> str:
        return self.kafka or fail("BASSIN_KAFKA is missing")

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
    except PASSING as busy:
        fail(f"the database of {service} was busy ({type(busy).__name__}): nothing of it was done, run it again")
    except (*DATABASE_REFUSES, KafkaError, OSError) as error:
        broker = isinstance(error, KafkaError)
        place, where = ("broker", "BASSIN_KAFKA") if broker else ("database", "BASSIN_DATABASE_URL and its like")
        fail(f"the {place} of {service} cannot be used ({type(error).__name__}): check {where}, or make demo")


def on_this_machine() -> str:
    """The operating system's user, as the audit of a command line names him; no variable can pretend another."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user need not have a name
        return str(os.getuid())


def zoned(at: datetime | None) -> datetime | None:
    return at if at is None or at.tzinfo is not None else at.replace(tzinfo=UTC)


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


def every_service(how: str) -> list[str]:
    """Those of the running demo; an environment names the database of one service only, `how` says how to name it."""
    run = None if "BASSIN_DATABASE_URL" in os.environ else running()
    if run is None:
        fail(f"which service? BASSIN_DATABASE_URL is the database of one: {how}", 2)
    return sorted(run.services)


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
