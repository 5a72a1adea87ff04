"""A producer and a listener made for tests: real events, real tables, handlers that write down what they saw."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import msgspec
from aiokafka.admin import AIOKafkaAdminClient

from common import outbox, roster, topics
from common.clock import Clock
from common.contracts.catalogue import CONTRACTS, STREAMS
from common.contracts.events import Event, Fact
from common.contracts.hr_networks import CensusOpened, PersonLinked, PersonState
from common.db import Database, connect
from common.handlers import Projection, Reactions, Table
from common.identifiers import CodeAcademie
from common.inbox import Inbox
from common.kafka_log import KafkaLog
from common.migrate import register
from common.relay import Relay
from common.tx import ProjectionTx, Tx

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

LILLE, AMIENS = CodeAcademie("09"), CodeAcademie("20")
PRODUCER, LISTENER = "hr_networks", "training"


def fact(subject: UUID, agent: UUID) -> PersonLinked:
    return PersonLinked(subject=subject, agent=agent)


def census(subject: UUID, wish: str = "") -> CensusOpened:
    """A fact about which the listener does what the test says; `wish` reaches it."""
    return CensusOpened(subject=subject, object=wish, function="", deadline=date(2026, 12, 1))


def state(subject: UUID, name: str) -> PersonState:
    return PersonState(subject=subject, civility="Mme", family_name=name, given_names="", work_mail="", uai="0590318A")


@contextmanager
def topics_named(suffix: str) -> Iterator[None]:
    """The streams of this process stand on topics of their own while it lasts: tests share one broker."""
    before = {name: stream.topic for name, stream in STREAMS.items()}
    for name, stream in STREAMS.items():
        msgspec.structs.force_setattr(stream, "topic", f"{name}.{suffix}")
    try:
        yield
    finally:
        for name, stream in STREAMS.items():
            msgspec.structs.force_setattr(stream, "topic", before[name])


@asynccontextmanager
async def own_topics(kafka: str, *, partitions: int = 3, services: Sequence[str] = (PRODUCER,)) -> AsyncIterator[str]:
    """Topics that no other test knows; yields their suffix, which also names relay and consumer group."""
    suffix = secrets.token_hex(4)
    with topics_named(suffix):
        made = await topics.ensure(kafka, [CONTRACTS[name] for name in services], partitions=partitions)
        try:
            yield suffix
        finally:
            admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
            await admin.start()
            await admin.delete_topics(made)
            await admin.close()


def relay(urls: "ServiceUrls", kafka: str, suffix: str, wake: asyncio.Event | None = None) -> Relay:
    """The producer's relay; its transactional id is this test's own."""
    log = KafkaLog(kafka, f"{PRODUCER}.{suffix}", [s.name for s in CONTRACTS[PRODUCER].streams])
    return Relay(service=PRODUCER, url=urls.relay, log=log, wake=wake or asyncio.Event())


Doing = Callable[[Tx, Fact[CensusOpened]], Awaitable[None]]


async def nothing(tx: Tx, heard: Fact[CensusOpened]) -> None:
    """What most tests do about a census."""


def listener(do: Doing = nothing) -> Table:
    """Writes one line per fact, and the newest of each state; does as the test says when a census opens."""
    reactions, people = Reactions(LISTENER), Projection("people", tables=("probe_state",))

    @reactions.to(PersonLinked)
    async def note(tx: Tx, heard: Fact[PersonLinked]) -> None:
        tx.many(NOTE, [(heard.academie, heard.id, heard.event.subject, heard.version)])

    @reactions.to(CensusOpened)
    async def obey(tx: Tx, heard: Fact[CensusOpened]) -> None:
        tx.many(NOTE, [(heard.academie, heard.id, heard.event.subject, heard.version)])
        await do(tx, heard)

    @people.on(PersonState)
    async def keep(tx: ProjectionTx, heard: Fact[PersonState]) -> None:
        tx.many(KEEP, [(heard.academie, heard.event.subject, heard.version, heard.event.family_name)])

    return Table(LISTENER, [people], reactions)


async def lay_out(urls: "ServiceUrls", table: Table) -> None:
    """The probe's own tables, like those of a service, and its handlers."""
    owner = await asyncpg.connect(urls.owner)
    try:
        await owner.execute(TABLES)
    finally:
        await owner.close()
    await register(urls.owner, LISTENER, table.names(), {})


@asynccontextmanager
async def opened(service: str, urls: "ServiceUrls", *, size: int = 10) -> AsyncIterator[Database]:
    pool = await connect(urls.app, size=size)
    try:
        yield Database(service, pool, Clock())
    finally:
        pool.terminate()


async def command(db: Database, *events: Event, academie: CodeAcademie = LILLE) -> None:
    async with db.batch([academie]) as tx:
        outbox.append(tx, academie, events)


async def resume(inbox: Inbox) -> bool:
    """As an operator does; whether it was stopped."""
    async with inbox.db.batch(()) as tx:
        return (await roster.resume(inbox, tx)).stopped_at is not None


async def noted(urls: "ServiceUrls") -> list[tuple[UUID, int, UUID]]:
    """(subject, version, event id) in the order of their effects."""
    rows = await query(urls, "SELECT subject, version, event_id FROM probe_note ORDER BY place")
    return [(row["subject"], row["version"], row["event_id"]) for row in rows]


async def query(urls: "ServiceUrls", sql: str, *args: object) -> list[asyncpg.Record]:
    """As the superuser: sees every row."""
    connection = await asyncpg.connect(urls.admin)
    try:
        return await connection.fetch(sql, *args)
    finally:
        await connection.close()


async def eventually(holds: Callable[[], Awaitable[bool]], *, within: float = 15.0, what: str = "") -> float:
    """Wait until it holds; returns the seconds it took."""
    begun = asyncio.get_running_loop().time()
    while not await holds():
        waited = asyncio.get_running_loop().time() - begun
        assert waited < within, f"{what or holds}: not within {within} s"
        await asyncio.sleep(0.02)
    return asyncio.get_running_loop().time() - begun


async def ended(tasks: Iterable["asyncio.Task[None]"]) -> None:
    for task in (all_of_them := list(tasks)):
        task.cancel()
    await asyncio.gather(*all_of_them, return_exceptions=True)


TABLES = """
CREATE TABLE probe_note (
    academie text NOT NULL, event_id uuid NOT NULL, subject uuid NOT NULL, version bigint NOT NULL,
    place bigint GENERATED ALWAYS AS IDENTITY
);
CREATE TABLE probe_state (
    academie text NOT NULL, subject uuid NOT NULL, version bigint NOT NULL, name text NOT NULL,
    PRIMARY KEY (academie, subject)
);
SELECT infra.protect('probe_note');
SELECT infra.protect('probe_state');
"""
NOTE = "INSERT INTO probe_note (academie, event_id, subject, version) VALUES ($1, $2, $3, $4)"
KEEP = """
INSERT INTO probe_state VALUES ($1, $2, $3, $4)
ON CONFLICT (academie, subject) DO UPDATE SET version = excluded.version, name = excluded.name
"""
