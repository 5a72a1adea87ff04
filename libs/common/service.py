"""One service as a process: what it declares becomes HTTP, relay, consumer, jobs and mail, and ends without loss."""

import asyncio
import gc
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import entry_points
from types import FrameType
from typing import Any, TypeAlias

import structlog
import uvicorn
from litestar import Litestar, Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from msgspec.structs import replace

from common import audit_watch, idempotency, logs, metrics, operations_api, sealing, watch
from common.clock import Clock
from common.consumer import Consumer
from common.contracts.events import Contract, Event
from common.db import Database, connect
from common.figures import Figure
from common.handlers import Job, Jobs, Projection, Reactions, Table
from common.identity import Agent
from common.inbox import Inbox
from common.internal_tokens import InternalTokens, authentication
from common.kafka_log import KafkaLog
from common.mail_sender import MailSender, Smtp
from common.outbox import StateReader
from common.people import Personal
from common.relay import Relay
from common.settings import Settings
from common.timekeeper import Timekeeper
from common.tokens import FetchedKeys, Keys, fetched_from
from common.web import Description, http_app

log = structlog.get_logger("bassin.service")
Loop: TypeAlias = Callable[[Database, Settings], Coroutine[Any, Any, None]]
BROKEN = 4  # exit status of a service that failed
GATEWAY_AWAY = 1.0  # seconds between two fetches of the gateway's keys by a service that has none yet
GROUP = "bassin.services"  # entry points of pyproject.toml: name -> Service


class Service(Struct, frozen=True, kw_only=True):
    """What a service's main.py declares; `states` reads the present state of each event it publishes as a state."""

    contract: Contract
    description: Description
    controllers: Sequence[ControllerRouterHandler]
    projections: Sequence[Projection] = ()
    reactions: Reactions | None = None
    jobs: Sequence[Jobs] = ()
    figures: Sequence[Figure] = ()
    people: Personal | None = None
    states: Mapping[type[Event], StateReader] = {}
    loops: Sequence[Loop] = ()  # what it does besides, for as long as it runs

    @property
    def name(self) -> str:
        return self.contract.service

    def table(self) -> Table:
        return Table(self.name, self.projections, self.reactions)

    def own_jobs(self) -> list[Job]:
        return [job for registry in self.jobs for job in registry.all]

    def app(self, settings: Settings, keys: Keys | None = None) -> Litestar:
        """The HTTP side, whose lifespan runs all the rest; without it (OpenAPI, tests) the caller fills `state`."""
        tokens = InternalTokens(keys or FetchedKeys(fetched_from(settings.gateway_jwks_url), without_keys=GATEWAY_AWAY))
        app = http_app(
            self.name,
            [*self.controllers, operations_api.routes(self.table(), settings.academies)],
            description=replace(self.description, tags={**self.description.tags, **operations_api.TAG}),
            dependencies={
                "agent": Provide(_agent, sync_to_thread=False),
                "db": Provide(_db, sync_to_thread=False),
                "clock": Provide(_clock, sync_to_thread=False),
                "academies": Provide(lambda: settings.academies, sync_to_thread=False),
            },
            lifespan=[lambda app: self._running(app, settings)],
            middleware=[authentication(tokens, self.name)],
            before_request=idempotency.before_request,
            essential={"database": lambda: watch.database_trouble(app.state.db)},
            helpful={"kafka": lambda: watch.broker_trouble(app.state.consumer, app.state.relay)},
        )
        app.state.settings = settings
        return app

    @asynccontextmanager
    async def _running(self, app: Litestar, settings: Settings) -> AsyncIterator[None]:
        pool, clock = await connect(settings.database_url), Clock(settings.clock_file)
        db = Database(self.name, pool, clock, api=settings.public_url)
        app.state.db, app.state.clock = db, clock
        app.state.relay = relay = self._relay(settings, db)
        app.state.consumer = consumer = Consumer(settings.kafka, Inbox(db, self.table(), settings.academies))
        timekeeper = Timekeeper(db, settings.academies, [*sealing.jobs(self), *self.own_jobs()])
        loops = [loop(db, settings) for loop in self.loops]
        loops.append(audit_watch.run(db, settings, self.contract))
        first = _start(app, consumer.run(), *timekeeper.loops(), *_mail(settings, db), *loops)
        last = _start(app, relay.run(), watch.run(db, settings.outbox_bound_seconds))
        try:
            yield
        finally:
            await _end(first)
            await watch.drain(db, relay, settings.drain_seconds)
            await _end(last)
            await db.pool.close()

    def _relay(self, settings: Settings, db: Database) -> Relay:
        streams = [stream.name for stream in self.contract.streams]
        return Relay(
            service=self.name,
            url=settings.relay_database_url,
            log=KafkaLog(settings.kafka, self.name, streams),
            wake=db.on_commit,
        )

    def expose_metrics(self) -> None:
        table, jobs = self.table(), [*sealing.jobs(self), *self.own_jobs()]
        metrics.expose(
            self.name,
            publishes=[stream.name for stream in self.contract.streams],
            hears=table.streams,
            handlers=table.names(),
            jobs=[job.name for job in jobs],
        )


def _mail(settings: Settings, db: Database) -> list[Coroutine[Any, Any, None]]:
    if settings.smtp_url is None:
        return []
    smtp = Smtp.read(settings.smtp_url)
    return [MailSender(db, settings.academies, smtp, sender=settings.mail_from, api=settings.public_url).run()]


def _start(app: Litestar, *loops: Coroutine[Any, Any, None]) -> list["asyncio.Task[None]"]:
    def stop_if_broken(task: "asyncio.Task[None]") -> None:
        """A loop that ends by itself is a bug; half a service is worse than one that is started anew."""
        if (error := _broken_by(task)) is not None:
            log.critical("a loop of the service broke", exc_info=error)
            app.state.broken = True
            signal.raise_signal(signal.SIGTERM)

    tasks = [asyncio.create_task(loop) for loop in loops]
    for task in tasks:
        task.add_done_callback(stop_if_broken)
    return tasks


def _broken_by(task: "asyncio.Task[None]") -> BaseException | None:
    """A library's CancelledError ends a loop without a word, though nobody asked for its end."""
    try:
        return task.exception()
    except asyncio.CancelledError as cancelled:
        return None if task.cancelling() else cancelled


async def _end(tasks: Sequence["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


# Litestar opens a task group for dependencies that it could resolve together, at an eighth of a request's cost.
# In a chain each is resolved alone: so a clock asks for the database, and an agent for the clock.
def _db(state: State) -> Database:
    db: Database = state.db
    return db


def _clock(state: State, db: NamedDependency[Database]) -> Clock:
    clock: Clock = state.clock
    return clock


def _agent(request: Request[Agent, None, State], clock: NamedDependency[Clock]) -> Agent:
    return request.user


def services() -> dict[str, Callable[[], Service]]:
    """Every service that is installed, loaded when called."""
    return {point.name: point.load for point in entry_points(group=GROUP)}


def load(name: str) -> Service:
    found = services().get(name)
    if found is None:
        raise LookupError(f"no service {name!r}: {', '.join(sorted(services()))}")
    return found()


def run(name: str, settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; the process ends when HTTP, consumer and relay are drained."""
    logs.configure(name, level=settings.log_level)
    service = load(name)
    service.expose_metrics()
    serve(service.app(settings), settings.http_host, settings.http_port, settings.drain_seconds)


def serve(app: Litestar, host: str, port: int, drain_seconds: float) -> None:
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=int(drain_seconds),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _ended)
    gc.collect()
    gc.freeze()  # what was imported stays: every full collection would look at all of it again
    uvicorn.Server(config).run()
    if app.state.get("broken"):
        sys.exit(BROKEN)


def _ended(number: int, frame: FrameType | None) -> None:
    """uvicorn raises the signal once more after its graceful end; that end is not a failure."""
