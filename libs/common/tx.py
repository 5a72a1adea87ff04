"""One transaction as its users see it: SQL, and what is collected to be written just before COMMIT."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from litestar import Response

from common.collected import APPEND, AuditLine, Pending, append_sql, audit_sql, columns
from common.idempotency import Answer, Command
from common.identity import Agent
from common.literals import inline
from common.settings import API
from common.statements import Connection, Row, Statements, each, once

MANY_EVENTS = 20  # from here on the text of their literals costs more than a round trip of its own


class ProjectionTx:
    """SQL inside one transaction; all that a projection may do."""

    def __init__(self, connection: Connection, at: datetime) -> None:
        self.at = at
        self.round_trips = 0
        self._connection = connection
        self._statements = Statements()
        self._projection = ""  # at work; "" while none is

    async def execute(self, sql: str, *args: object) -> str:
        await self._send_many()
        self.round_trips += 1
        return await self._connection.execute(sql, *args)

    async def fetch(self, sql: str, *args: object) -> list[asyncpg.Record]:
        await self._send_many()
        self.round_trips += 1
        return await self._connection.fetch(sql, *args)

    async def fetchrow(self, sql: str, *args: object) -> asyncpg.Record | None:
        rows = await self.fetch(sql, *args)
        return rows[0] if rows else None

    async def fetchval(self, sql: str, *args: object) -> Any:
        row = await self.fetchrow(sql, *args)
        return None if row is None else row[0]

    def many(self, sql: str, rows: Sequence[Row]) -> None:
        """One statement for many rows: sent with what follows of the same statement, before any that could tell."""
        self._statements.add(each, sql, rows, self._projection)

    def at_once(self, sql: str, rows: Sequence[Row]) -> None:
        """As `many`, for what is hot: executed once, its parameters are the columns, as arrays, in the rows' order.

        The statement must bear that one key comes twice, as in `SELECT DISTINCT ON ... ORDER BY ..., place DESC`.
        """
        self._statements.add(once, sql, rows, self._projection)

    async def _send_many(self) -> None:
        self.round_trips += await self._statements.send(self._connection)


class Tx(ProjectionTx):
    """A transaction that may also tell the others (outbox), leave a trace (audit) and answer its command."""

    def __init__(
        self,
        connection: Connection,
        at: datetime,
        *,
        service: str,
        api: str = API,
        agent: Agent | None = None,
        command: Command | None = None,
    ) -> None:
        super().__init__(connection, at)
        self.service = service
        self.api = api  # the public address of the gateway, as a paper prints it
        self.agent = agent
        self.correlation: str | None = None  # None: the trace of the request
        self.causation: UUID | None = None  # the event that set this off
        self._command = command
        self._events: list[Pending] = []
        self._audit: list[AuditLine] = []
        self._answer: Answer | None = None
        self.seen = ""  # académies, as they stand in bassin.academies

    @contextmanager
    def as_projection(self, name: str) -> Iterator[ProjectionTx]:
        """While it lasts nothing may leave this database: a projection can be built again at any time."""
        self._projection = name
        try:
            yield self
        finally:
            self._projection = ""

    @asynccontextmanager
    async def impersonal(self) -> AsyncIterator["Tx"]:
        """The same transaction without its agent and his command: what he sets off is not what he did himself."""
        await self._send_many()
        other = Tx(self._connection, self.at, service=self.service, api=self.api)
        other.seen = self.seen
        yield other
        await other.flush()
        await other.see(self.seen.split(","))
        self.round_trips += other.round_trips

    def refuse_in_projection(self) -> None:
        if self._projection:
            raise EffectInProjection

    def collect_events(self, events: Iterable[Pending]) -> None:
        self.refuse_in_projection()
        self._events.extend(events)

    def collect_audit(self, line: AuditLine) -> None:
        self.refuse_in_projection()
        self._audit.append(line)

    def answer(
        self,
        body: object,
        *,
        status: int = 200,
        location: str | None = None,
        etag: str | None = None,
    ) -> Response[bytes]:
        """What the command answers, encoded now so that it is stored with the command and said again to a twin."""
        encoded = b"" if body is None else ENCODER.encode(body)
        self._answer = Answer(status, encoded, location, etag)
        return self._answer.response()

    def pending_sql(self) -> str:
        """What was collected, as statements of one simple query; "" if nothing was."""
        events, self._events = self._events, []
        return append_sql(events) + self._audited() + self._answer_sql()

    def _audited(self) -> str:
        lines, self._audit = self._audit, []
        return "".join(map(audit_sql, lines))

    def _answer_sql(self) -> str:
        command, answer, agent = self._command, self._answer, self.agent
        if command is None or command.key is None or agent is None:
            return ""
        if answer is None or not 200 <= answer.status < 300:
            raise UnansweredCommand(command.path)
        given = (answer.status, answer.location, answer.etag, answer.body)
        return inline(ANSWER, *given, *key_of(agent, command))

    async def flush(self) -> None:
        """Write what was collected; `Database` does it before every COMMIT."""
        await self._send_long()
        if sql := self.pending_sql():
            await self.simple(sql)

    async def _send_long(self) -> None:
        """What costs less by itself than as a part of one simple query's text."""
        await self._send_many()
        if len(self._events) >= MANY_EVENTS:
            events, self._events = self._events, []
            await self.execute(APPEND, *columns(events))

    async def see(self, academies: Iterable[str]) -> None:
        """Set whose rows are seen from here on; what was collected for the others is written first.

        Events are no académie's rows: those of a whole batch are appended together.
        """
        codes = ",".join(sorted(academies))
        if codes != self.seen:
            await self._send_many()
            await self.simple(self._audited() + inline("SELECT set_config('bassin.academies', $1, true)", codes))
            self.seen = codes

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """All inside it or nothing, also of what is only collected."""
        await self.flush()
        await self.simple("SAVEPOINT one")
        seen = self.seen
        try:
            yield
            await self.flush()
        except BaseException:
            self._statements.forget()
            self._events, self._audit, self.seen = [], [], seen
            if self._alive():
                await self.simple("ROLLBACK TO SAVEPOINT one")
            raise
        await self.simple("RELEASE SAVEPOINT one")

    async def simple(self, sql: str) -> str:
        """A simple query, several statements in one round trip; returns the last one's status."""
        self.round_trips += 1
        return await self._connection.execute(sql)

    async def rollback(self) -> None:
        if self._alive() and self._connection.is_in_transaction():
            await self.simple("ROLLBACK")

    def _alive(self) -> bool:
        """Of a connection that broke the database has rolled back, and the pool has taken it away from us already."""
        try:
            return not self._connection.is_closed()
        except asyncpg.InterfaceError:
            return False

    async def commit(self) -> None:
        """The last round trip: what was collected, and COMMIT."""
        await self._send_long()
        status = await self.simple(self.pending_sql() + "COMMIT")
        if status != "COMMIT":
            raise asyncpg.InFailedSQLTransactionError(f"{status} instead of COMMIT")


class EffectInProjection(TypeError):
    """A projection tried to publish, to mail or to audit."""


class UnansweredCommand(TypeError):
    """A POST left its transaction without `tx.answer`, or with one that is no success."""


def _enc_hook(value: object) -> object:
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


ENCODER = msgspec.json.Encoder(enc_hook=_enc_hook)


def key_of(agent: Agent, command: Command) -> tuple[str, UUID, str, str, str]:
    assert command.key is not None
    return agent.academie, agent.id, command.method, command.path, command.key


ANSWER = """
UPDATE idempotency SET status = $1, location = $2, etag = $3, answer = $4
WHERE (academie, agent, method, path, key) = ($5, $6, $7, $8, $9);
"""
