"""The only place that opens and commits transactions, and that says whose rows they may see."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import ClassVar

import asyncpg

from common import idempotency, metrics
from common.clock import Clock
from common.idempotency import Answer, Command, IdempotencyKeyReused, Replayed, TwinInProgress
from common.identifiers import CodeAcademie
from common.identity import Agent
from common.literals import inline
from common.refusal import Unavailable
from common.settings import API
from common.statements import Connection
from common.tx import Tx, key_of

# What the application relies on, whatever the server's own configuration says.
SESSION = {"standard_conforming_strings": "on", "jit": "off", "lock_timeout": "5s", "timezone": "UTC"}

# Who vanished must not keep its locks, and who waits for an answer must learn that none will come: either side probes
# a silent connection, and gives up after five seconds. What the system does by itself takes a quarter of an hour.
PROBED = {
    "tcp_keepalives_idle": "2",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "5000",  # ms
}
OURS = {
    "TCP_KEEPIDLE": 2,
    "TCP_KEEPINTVL": 1,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 5000,  # ms
}


class OutboxBehind(Unavailable):
    code: ClassVar[str] = "outbox-behind"
    title: ClassVar[str] = "Enregistrement momentanément suspendu"


class Database:
    """One service's own database: `transaction` for people, `batch` for what other services and time set off."""

    def __init__(self, service: str, pool: "asyncpg.Pool[asyncpg.Record]", clock: Clock, *, api: str = API) -> None:
        self.service = service
        self.api = api
        self.pool = pool
        self.behind_since: float | None = None  # kept by the relay's watch: seconds the outbox is over its bound
        self.on_commit = asyncio.Event()  # wakes the relay
        self._clock = clock

    @asynccontextmanager
    async def transaction(self, agent: Agent) -> AsyncIterator[Tx]:
        """A command or a read of `agent`, who sees the rows of his académies.

        Raises:
            OutboxBehind: writes are suspended, too much is unpublished.
            Replayed: this POST was answered before; carries that answer.
            IdempotencyKeyReused, TwinInProgress: see `common.idempotency`.
        """
        command = idempotency.current.get()
        if command is not None and self.behind_since is not None:
            raise OutboxBehind("Les événements ne partent plus : réessayez dans une minute.", retry_after=60)
        async with self.pool.acquire() as connection:
            tx = Tx(connection, self._clock.now(), service=self.service, api=self.api, agent=agent, command=command)
            async with self._bounds(tx, agent.academies, command):
                yield tx

    @asynccontextmanager
    async def batch(self, academies: Iterable[CodeAcademie]) -> AsyncIterator[Tx]:
        """What happens without a person: the inbox, the jobs, and pages that anybody may read."""
        async with self.pool.acquire() as connection:
            tx = Tx(connection, self._clock.now(), service=self.service, api=self.api)
            async with self._bounds(tx, academies, None):
                yield tx

    @asynccontextmanager
    async def snapshot(self, academies: Iterable[CodeAcademie]) -> AsyncIterator[Connection]:
        """One view of the rows of `academies`, for what is too long to be held in memory: cursors, and no writing."""
        async with (
            self.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await connection.execute("SELECT set_config('bassin.academies', $1, true)", ",".join(sorted(academies)))
            yield connection

    @asynccontextmanager
    async def _bounds(self, tx: Tx, academies: Iterable[str], command: Command | None) -> AsyncIterator[None]:
        try:
            await _begin(tx, academies, command)
            yield
            await tx.commit()
        except BaseException:
            await asyncio.shield(tx.rollback())
            raise
        finally:
            metrics.db_round_trips.labels(self.service).inc(tx.round_trips)
        self.on_commit.set()


async def _begin(tx: Tx, academies: Iterable[str], command: Command | None) -> None:
    codes = ",".join(sorted(CodeAcademie(code) for code in academies))
    tx.seen = codes
    begin = f"BEGIN; SELECT set_config('bassin.academies', '{codes}', true)"
    if command is None or command.key is None or tx.agent is None:
        await tx.simple(begin)
        return
    claim = inline(CLAIM, *key_of(tx.agent, command), command.body_sha256)
    try:
        status = await tx.simple(f"{begin}; {claim}")
    except asyncpg.LockNotAvailableError as waited:
        raise TwinInProgress("Attendez sa réponse, puis répétez la demande.", retry_after=5) from waited
    if status == "INSERT 0 0":
        raise await _earlier_answer(tx, tx.agent, command)


async def _earlier_answer(tx: Tx, agent: Agent, command: Command) -> Replayed | IdempotencyKeyReused:
    row = await tx.fetchrow(EARLIER, *key_of(agent, command))
    if row is None or row["body_sha256"] != command.body_sha256:
        return IdempotencyKeyReused("Cette clé a déjà servi pour une demande au contenu différent.")
    return Replayed(Answer(row["status"], row["answer"], row["location"], row["etag"]))


CLAIM = """
INSERT INTO idempotency (academie, agent, method, path, key, body_sha256) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING
"""
EARLIER = """
SELECT body_sha256, status, location, etag, answer FROM idempotency
WHERE (academie, agent, method, path, key) = ($1, $2, $3, $4, $5)
"""


async def connect(url: str, *, size: int = 10) -> "asyncpg.Pool[asyncpg.Record]":
    """A pool whose connections keep no state between two users: nothing is set but inside a transaction."""

    async def nothing_to_reset(_: object) -> None:
        """asyncpg has rolled back already; its RESET ALL would cost every command a round trip."""

    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        reset=nothing_to_reset,
        init=probe,
        server_settings={**SESSION, **PROBED},
        timeout=5,
    )


async def probe(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Our side of PROBED, as far as this system knows it; asyncpg has no setting for it."""
    wire: socket.socket = connection._transport.get_extra_info("socket")  # type: ignore[attr-defined]
    if wire.family == socket.AF_UNIX:
        return
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in OURS.items():
        if hasattr(socket, name):
            wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
