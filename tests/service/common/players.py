"""Those who act in random schedules: a producer with its relay, a listener with its inbox, all of it the real code."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg
from aiokafka.errors import ProducerFenced
from tests.service.common import probe, simulated
from tests.service.common.probe import AMIENS, LILLE, LISTENER, PRODUCER
from tests.service.common.simulated import Copies, Copy, Died, MemoryLog, Topics, Wire

from common import outbox, sealing
from common.contracts.catalogue import CONTRACTS
from common.contracts.events import Event, Fact
from common.contracts.hr_networks import CensusOpened, PersonLinked, PersonState
from common.db import Database
from common.handlers import Projection, Reactions, Table
from common.held import HeldRecord, Wanted, held
from common.identifiers import CodeAcademie
from common.inbox import Inbox, Moved
from common.parking import Desk
from common.relay import Reached, Relay, Replaced
from common.service import Service
from common.takeover import Connection
from common.tx import ProjectionTx, Tx
from common.web import Description

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

SESSION_ENDED = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Producer:
    """Its database, its relay if one is at work, and the commands it acknowledged, as its present copy knows them."""

    def __init__(self, urls: "ServiceUrls", db: Database, superuser: Connection) -> None:
        self.urls, self.db, self.superuser = urls, db, superuser
        self.copies = Copies(superuser, PRODUCER_TABLES)
        self.topics = Topics(PRODUCER)
        self.acknowledged: set[UUID] = set()
        self.relay: Relayed | None = None
        self._slow: tuple[AsyncExitStack, UUID, list[UUID]] | None = None

    async def command(self, subject: UUID, kinds: Sequence[str]) -> None:
        async with self.db.batch([LILLE]) as tx:
            said = await decide(tx, subject, kinds)
        self.acknowledged.update(said)

    async def begin_slow(self, subject: UUID, kinds: Sequence[str]) -> None:
        """Draws its outbox ids now, and commits after others that draw theirs later."""
        stack = AsyncExitStack()
        tx = await stack.enter_async_context(self.db.batch([LILLE]))
        said = await decide(tx, subject, kinds)
        await tx.flush()
        self._slow = (stack, subject, said)

    def busy(self, subject: UUID) -> bool:
        return self._slow is not None and self._slow[1] == subject

    async def end_slow(self, *, well: bool) -> None:
        if self._slow is None:
            return
        (stack, _, said), self._slow = self._slow, None
        if well:
            await stack.aclose()
            self.acknowledged.update(said)
        else:
            await stack.__aexit__(Died, Died(), None)

    async def publish(self) -> None:
        """One step of the relay; about an error it does what its `run` does."""
        at_work = self.relay
        try:
            if at_work is None:
                self.relay = at_work = Relayed(self)
                await at_work.take_over()
            await at_work.step()
        except (
            Died,
            ProducerFenced,
            asyncpg.PostgresConnectionError,
            asyncpg.InterfaceError,
            asyncpg.InternalClientError,
        ):
            await self.end_relay(at_work)

    async def end_relay(self, which: "Relayed | None") -> None:
        if which is not None:
            await which.end()
        if which is self.relay:
            self.relay = None

    async def overtake(self) -> None:
        """The relay's connection is ended and another takes over and publishes; the old one has not noticed yet."""
        await simulated.end_sessions(self.superuser, self.urls)
        self.relay = None
        await self.publish()

    async def put_back(self, copy: Copy) -> None:
        await self.end_slow(well=False)
        await self.copies.put_back(copy)
        self.acknowledged = set(copy.acknowledged)

    async def republish(self) -> None:
        async with self.db.batch([LILLE]) as tx:
            await sealing.republish(tx, SERVICE)

    async def run_dry(self) -> None:
        """Until nothing is unsent, and no lost state is to be published again."""
        await self.end_slow(well=True)
        await self.publish()  # after a restore the relay only ends, or takes over
        while self.relay is None or self.relay.midway or await self.superuser.fetchval(UNDONE):
            await self.publish()
            await self.republish()


class Relayed:
    """A real relay, taken step by step."""

    def __init__(self, producer: Producer) -> None:
        self.log = MemoryLog(producer.topics)
        self._producer = producer
        self._relay = Relay(service=PRODUCER, url=producer.urls.relay, log=self.log, wake=asyncio.Event())
        self._stack = AsyncExitStack()

    async def take_over(self) -> None:
        self._connection = await self._stack.enter_async_context(self._relay.owner())
        await self._read_the_log()

    async def _read_the_log(self) -> None:
        await self._producer.end_slow(well=True)  # it holds the lock of a subject
        self._reached = Reached(await self._relay.take_over(self._connection))

    @property
    def midway(self) -> bool:
        """What it published last is not forgotten yet: that is when it notices a database put back meanwhile."""
        return self._reached.sent is not None

    async def step(self) -> None:
        try:
            self._reached = await self._relay.publish_next(self._connection, self._reached)
        except Replaced:
            await self._read_the_log()

    async def end(self) -> None:
        await self._stack.aclose()


async def decide(tx: Tx, subject: UUID, kinds: Sequence[str]) -> list[UUID]:
    """What a command does: rows of its own, and the events that tell of them."""
    said = [uuid4() for _ in kinds]
    for kind, token in zip(kinds, said, strict=True):
        await tx.execute("INSERT INTO said VALUES ($1)", token)
        if kind == "state":
            await tx.execute(BECOME, subject, str(token))
        outbox.append(tx, LILLE, [EVENT[kind](subject, token)])
    return said


async def present(tx: Tx, subjects: Sequence[UUID]) -> list[tuple[str, Event]]:
    rows = await tx.fetch("SELECT subject, name FROM present WHERE subject = ANY($1)", subjects)
    return [(LILLE, probe.state(row["subject"], row["name"])) for row in rows]


class Fragile(Database):
    """Ends its process at the worst moment, when told to."""

    dies = ""  # before or after the next commit

    @asynccontextmanager
    async def batch(self, academies: Iterable[CodeAcademie]) -> AsyncIterator[Tx]:
        dies, self.dies = self.dies, ""
        async with super().batch(academies) as tx:
            yield tx
            if dies == "before":
                raise Died
        if dies == "after":
            raise Died


class Listener:
    """Its database, the inbox of the process that is at work, and what its handlers wrote down."""

    def __init__(self, db: Fragile, superuser: Connection, topics: Topics) -> None:
        self.db, self.superuser = db, superuser
        self.copies = Copies(superuser, LISTENER_TABLES)
        self.wire = Wire(topics)
        self.poisoned: set[UUID] = set()
        self.inbox = self.process()
        self.rival = self.process()

    def process(self) -> Inbox:
        """It believes that it reads from the beginning; its database will tell it otherwise."""
        inbox = Inbox(self.db, handlers(self.poisoned), (LILLE, AMIENS))
        inbox.positions = defaultdict(int)
        return inbox

    async def consume(self, number: int) -> bool:
        """One poll, as the consumer makes it; False when there is nothing more to read."""
        batch = self.wire.next(self.inbox.positions, number)
        if not batch:
            return await self._compare()
        try:
            await self.inbox.apply(batch)
        except Moved as moved:
            self.inbox.positions.update(moved.positions)
        except Died:
            self.inbox = self.process()
        return True

    async def _compare(self) -> bool:
        """An empty poll: has the database moved under us?"""
        rows = await self.superuser.fetch('SELECT stream, partition, next FROM infra."offset"')
        stored = dict.fromkeys(self.wire.log, 0) | {(r["stream"], r["partition"]): r["next"] for r in rows}
        before = dict(self.inbox.positions)
        self.inbox.positions.update(stored)
        return any(before.get(place, 0) != at for place, at in stored.items())

    async def parked(self) -> list[HeldRecord]:
        return await held(self.inbox, Wanted(state="parked"))

    async def replay(self, record: int) -> str:
        """Why it stays parked, or ""."""
        async with self.db.batch(()) as tx:
            return (await Desk(self.inbox, tx).replay(record)).error

    async def discard(self, record: int) -> None:
        async with self.db.batch(()) as tx:
            await Desk(self.inbox, tx).discard(record, "a test")

    async def run_dry(self) -> None:
        self.wire.carry_all()
        self.poisoned.clear()
        while await self.consume(50):
            pass
        while found := await self.parked():
            assert await self.replay(found[0].id) == ""


def handlers(poisoned: set[UUID]) -> Table:
    reactions, people = Reactions(LISTENER), Projection("people", tables=("newest",))

    @reactions.to(PersonLinked)
    async def note(tx: Tx, heard: Fact[PersonLinked]) -> None:
        tx.many(NOTE, [(heard.stream, heard.event.subject, heard.version, heard.id)])

    @reactions.to(CensusOpened)
    async def choke(tx: Tx, heard: Fact[CensusOpened]) -> None:
        tx.many(NOTE, [(heard.stream, heard.event.subject, heard.version, heard.id)])
        if heard.event.subject in poisoned:
            raise ValueError("poison")

    @people.on(PersonState)
    async def keep(tx: ProjectionTx, heard: Fact[PersonState]) -> None:
        tx.many(NOTE, [(heard.stream, heard.event.subject, heard.version, heard.id)])
        tx.many(KEEP, [(heard.event.subject, heard.event.family_name)])

    return Table(LISTENER, [people], reactions)


EVENT: Mapping[str, Callable[[UUID, UUID], Event]] = {
    "fact": probe.fact,
    "census": lambda subject, token: probe.census(subject, str(token)),
    "state": lambda subject, token: probe.state(subject, str(token)),
}
SERVICE = Service(
    contract=CONTRACTS[PRODUCER],
    description=Description(title="", text=""),
    controllers=(),
    states={PersonState: present},
)
PRODUCER_TABLES = (
    "infra.aggregate",
    "infra.outbox",
    "infra.published",
    "infra.lost_fact",
    "public.said",
    "public.present",
)
LISTENER_TABLES = ("infra.inbox", "infra.held", "infra.fork", 'infra."offset"', "public.heard", "public.newest")
SAID = """
CREATE TABLE said (token uuid PRIMARY KEY);
CREATE TABLE present (subject uuid PRIMARY KEY, name text NOT NULL);
GRANT SELECT, INSERT, UPDATE ON said, present TO PUBLIC;
"""
HEARD = """
CREATE TABLE heard (
    stream text NOT NULL, subject uuid NOT NULL, version bigint NOT NULL, event_id uuid NOT NULL,
    place bigint GENERATED ALWAYS AS IDENTITY
);
CREATE TABLE newest (subject uuid PRIMARY KEY, name text NOT NULL);
GRANT SELECT, INSERT, UPDATE ON heard, newest TO PUBLIC;
"""
UNDONE = "SELECT EXISTS (SELECT FROM infra.outbox) OR EXISTS (SELECT FROM infra.lost_fact WHERE republish)"
BECOME = "INSERT INTO present VALUES ($1, $2) ON CONFLICT (subject) DO UPDATE SET name = excluded.name"
NOTE = "INSERT INTO heard (stream, subject, version, event_id) VALUES ($1, $2, $3, $4)"
KEEP = "INSERT INTO newest VALUES ($1, $2) ON CONFLICT (subject) DO UPDATE SET name = excluded.name"
