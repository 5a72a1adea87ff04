"""From the outbox to the topics: in order per subject, nothing left out, nothing sent under a version used before."""

import asyncio
import logging
import socket
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

import asyncpg
from aiokafka.errors import ProducerFenced
from msgspec import Struct

from common import metrics, takeover
from common.committed_log import Logged, LogShortened, Place
from common.db import PROBED, SESSION, probe
from common.kafka_log import REFUSED_FOR_GOOD, Outgoing
from common.logs import SAY_AGAIN
from common.takeover import Connection

log = logging.getLogger("bassin.relay")
T = TypeVar("T")

BATCH = 4000  # rows in one Kafka transaction
IDLE = (0.02, 0.25)  # seconds between two looks at an empty outbox, growing
COMPARE = 60.0  # seconds between two comparisons of the topics' ends with infra.published
SLOWEST_RETRY = 2.0  # seconds between two attempts while broker or database is away
LONGEST_NAME = 63  # bytes of an application_name; PostgreSQL cuts the rest
LOCK = 0x62617373696E  # "bassin": the advisory lock of a database's one relay


class Log(Protocol):
    """The service's own topics (common.kafka_log), or what a simulation puts in their place."""

    async def open(self) -> None: ...
    async def publish(self, batch: Sequence[Outgoing]) -> dict[Place, int]: ...
    async def passed(self) -> None: ...
    def read(self, since: Mapping[Place, int]) -> AsyncIterator[tuple[list[Logged], dict[Place, int]]]: ...
    async def ends(self) -> dict[Place, int]: ...
    def abandon(self) -> None: ...


class Replaced(Exception):
    """The database is not the one this relay read from: take over again."""


class RelayStopped(Exception):
    """Somebody must mend something before anything can be published again."""


class Sent(Struct, frozen=True):
    """In the topics, and maybe still in the outbox."""

    batch: Sequence[Outgoing]
    after: dict[Place, int]  # offsets after its last records


class Reached(Struct, frozen=True):
    """How far the outbox is published."""

    known: dict[Place, int]  # as infra.published says
    sent: Sent | None = None  # what goes beyond it
    ahead: Sequence[Outgoing] = ()  # what comes next, read already


class Relay(Struct):
    """Publishes one service's outbox while it holds the database's advisory lock."""

    service: str
    url: str  # role relay, straight to PostgreSQL: no pool, no transaction-mode pooler
    log: Log
    wake: asyncio.Event
    stopped_for: str = ""
    publishing: bool = False

    @property
    def name(self) -> str:
        """As PostgreSQL shows whose session holds the lock; a pod's host is called like the pod."""
        return f"bassin.{self.service}.relay@{socket.gethostname()}"[:LONGEST_NAME]

    async def run(self) -> None:
        """Until cancelled. Whatever goes wrong: let go of producer and lock, start again at the take-over."""
        failures, said = 0, 0.0
        while not self.stopped_for:
            try:
                async with self.owner() as connection:
                    await self.publish_as_owner(connection)
            except (LogShortened, *REFUSED_FOR_GOOD) as error:
                self._stop(error)
            except Exception as error:  # noqa: BLE001 - broker or database away, fenced, replaced: all mean the same
                failures, now = 1 if self.publishing else failures + 1, asyncio.get_running_loop().time()
                level = logging.WARNING if failures == 1 or now - said >= SAY_AGAIN else logging.DEBUG
                said = now if level == logging.WARNING else said
                log.log(level, "relay starts again", extra={"error": f"{type(error).__name__}: {error}"})
                await asyncio.sleep(min(0.1 * 2 ** min(failures, 10), SLOWEST_RETRY))  # 2**1024 is no float
            finally:
                self.publishing = False
                self.log.abandon()

    def _stop(self, error: Exception) -> None:
        self.stopped_for = f"{type(error).__name__}: {error}"
        metrics.relay_stopped.labels(self.service).set(1)
        log.error("relay stopped until its configuration is mended", extra={"error": self.stopped_for})

    @asynccontextmanager
    async def owner(self) -> AsyncIterator[Connection]:
        """The connection that holds the lock; waits for it. All of the relay's SQL runs on it."""
        connection = await asyncpg.connect(
            self.url,
            timeout=5,
            command_timeout=15,
            server_settings={**SESSION, **PROBED, "application_name": self.name},
        )
        try:
            await probe(connection)  # a dead process's lock must not outlive it, nor a dead server its relay's patience
            await _lock(connection)
            metrics.relay_owner.labels(self.service).set(1)
            yield connection
        finally:
            metrics.relay_owner.labels(self.service).set(0)
            connection.terminate()  # ends the session, and with it the lock, without waiting for anybody

    async def publish_as_owner(self, connection: Connection) -> None:
        """Take over, publish, and take over again as often as the producer or the database had to be replaced."""
        while True:
            try:
                known = await self.take_over(connection)
                self.publishing = True
                await self.publish_until_replaced(connection, known)
            except Replaced as why:
                log.warning("database replaced under the relay", extra={"why": str(why)})
            except ProducerFenced:
                raise  # a newer relay is at work: give the lock back

    async def take_over(self, connection: Connection) -> dict[Place, int]:
        """Fence the older relays, then read what they published; returns how far that is. Only then publish."""
        await self.log.open()
        known = await self.catch_up(connection)
        metrics.relay_takeovers.labels(self.service).inc()
        return known

    async def catch_up(self, connection: Connection) -> dict[Place, int]:
        known = await takeover.published(connection)
        async for chunk, after in self.log.read(known):
            found = await takeover.settle(connection, chunk, known, after)
            if found is None:
                raise Replaced("infra.published moved while the topics were read")
            takeover.count(self.service, found)
            known = {**known, **after}
        return known

    async def publish_until_replaced(self, connection: Connection, known: dict[Place, int]) -> None:
        reached = Reached(known)
        idle, compared = IDLE[0], asyncio.get_running_loop().time()
        while True:
            self.wake.clear()
            before, reached = reached, await self.publish_next(connection, reached)
            if reached is not before:
                idle = IDLE[0]
                continue
            if asyncio.get_running_loop().time() - compared > COMPARE:
                compared = asyncio.get_running_loop().time()
                if any(reached.known.get(place) != end for place, end in (await self.log.ends()).items()):
                    reached = Reached(await self.catch_up(connection))
            idle = min(idle * 1.5, IDLE[1])
            await _first_of(self.wake, idle)

    async def publish_next(self, connection: Connection, reached: Reached) -> Reached:
        """Publish what is visible now; returns `reached` itself if nothing was.

        While one batch of a backlog is on its way to Kafka, the one before is forgotten and the next one read.
        """
        batch = reached.ahead or await self._visible(connection, reached.known, ())
        if not batch:
            return reached
        async with _beside(self.log.publish(batch)) as publishing:
            known = await self._forget(connection, reached.known, reached.sent)
            ahead = await self._visible(connection, known, batch) if len(batch) == BATCH else ()
            sent = Sent(batch, await publishing)
        if short := {place: end for place, end in sent.after.items() if end <= known.get(place, 0)}:
            raise LogShortened(short)
        return Reached(known, sent, ahead) if ahead else Reached(await self._forget(connection, known, sent))

    async def _visible(
        self, connection: Connection, known: Mapping[Place, int], sent: Sequence[Outgoing]
    ) -> Sequence[Outgoing]:
        """The next rows after those `sent`, read before infra.published: of a database put back meanwhile it tells."""
        rows = await connection.fetch(VISIBLE, BATCH, [record.id for record in sent])
        if await takeover.published(connection) != known:
            raise Replaced("infra.published moved before it was published from")
        return [_outgoing(row) for row in rows]

    async def _forget(self, connection: Connection, known: dict[Place, int], sent: Sent | None) -> dict[Place, int]:
        """In one transaction that must find everything as this relay left it; returns what is known then."""
        if sent is None:
            return known
        await self.log.passed()
        async with connection.transaction():
            forgotten = await connection.fetchval(
                FORGET, [r.id for r in sent.batch], [r.event_id for r in sent.batch], [r.version for r in sent.batch]
            )
            moved = await takeover.move(connection, {p: known.get(p) for p in sent.after}, sent.after)
            if forgotten != len(sent.batch) or not moved:
                raise Replaced(f"{forgotten} of {len(sent.batch)} rows found")
        for stream, number in Counter(record.stream for record in sent.batch).items():
            metrics.relay_published.labels(self.service, stream).inc(number)
        return {**known, **sent.after}


@asynccontextmanager
async def _beside(work: Coroutine[None, None, T]) -> AsyncIterator[asyncio.Task[T]]:
    """Done while the block goes on; whichever fails, the other has ended too."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _lock(connection: Connection) -> None:
    """Stand by: PostgreSQL hands the lock over as soon as its owner's session ends."""
    while True:
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        except asyncpg.LockNotAvailableError:  # lock_timeout: still another's
            continue
        return


def _outgoing(row: asyncpg.Record) -> Outgoing:
    return Outgoing(
        row["id"], row["event_id"], row["stream"], row["subject"], row["version"], row["headers"], row["payload"]
    )


async def _first_of(wake: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return


VISIBLE = """
SELECT id, event_id, stream, subject, version, headers, payload FROM infra.outbox
WHERE id NOT IN (SELECT unnest($2::bigint[])) ORDER BY id LIMIT $1
"""
FORGET = """
WITH gone AS (
    DELETE FROM infra.outbox o USING unnest($1::bigint[], $2::uuid[], $3::bigint[]) AS sent (id, event_id, version)
    WHERE (o.id, o.event_id, o.version) = (sent.id, sent.event_id, sent.version) RETURNING 1
)
SELECT count(*) FROM gone
"""
