"""An inbox on a real database, handed the records that a producer would have published."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
from msgspec import UNSET, UnsetType
from tests.service.common import probe
from tests.service.common.probe import AMIENS, LILLE

from common import roster
from common.batch import Outcome
from common.committed_log import Logged
from common.contracts.catalogue import PRODUCERS, STREAMS
from common.contracts.events import Event
from common.db import Database
from common.handlers import Table
from common.inbox import Inbox
from common.marks import Verdict
from common.outbox import source
from common.tx import ENCODER
from common.uuid7 import uuid7

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

Values = Mapping[str, str | bytes | None]


def id_of(record: Logged) -> UUID:
    return UUID((dict(record.headers)["ce_id"] or b"").decode())


class Producer:
    """Numbers its records as the outbox and the log would."""

    def __init__(self) -> None:
        self._versions: defaultdict[tuple[str, UUID], count[int]] = defaultdict(lambda: count(1))
        self._offsets: defaultdict[str, count[int]] = defaultdict(count)

    def send(
        self,
        event: Event,
        *,
        version: int | None = None,
        value: bytes | UnsetType | None = UNSET,
        headers: Values = {},  # noqa: B006 - only read
    ) -> Logged:
        """One more record; `headers` replace those of a sound one, `value` its body."""
        number = next(self._versions[event.stream, event.subject]) if version is None else version
        topic, academie = STREAMS[event.stream].behind, str(headers.get("ce_academie", LILLE))
        sound = {
            "ce_specversion": "1.0",
            "ce_id": str(uuid7()),
            "ce_source": source(academie, PRODUCERS[event.stream]),
            "ce_type": event.ce_type,
            "ce_subject": str(event.subject),
            "ce_time": datetime.now(UTC).isoformat(),
            "content-type": "application/json",
            "ce_academie": academie,
            "ce_academies": academie,
            "ce_aggregateversion": str(number),
        }
        return Logged(
            stream=event.stream,
            topic=topic,
            partition=0,
            offset=next(self._offsets[topic]),
            key=str(event.subject).encode(),
            value=ENCODER.encode(event) if value is UNSET else value,
            headers=tuple((n, v.encode() if isinstance(v, str) else v) for n, v in {**sound, **headers}.items()),
        )

    def skip(self, event: Event, versions: int = 1) -> None:
        """Versions that were numbered and do not arrive."""
        for _ in range(versions):
            next(self._versions[event.stream, event.subject])


class Listening:
    """A listener's database and inbox; `producer` writes what it hears."""

    def __init__(self, urls: "ServiceUrls", db: Database, table: Table) -> None:
        self.urls, self.db, self.table = urls, db, table
        self.producer = Producer()
        self.inbox = self.replica()

    def replica(self, *academies: Any, table: Table | None = None) -> Inbox:
        """Another process of the same listener, which knows nothing yet."""
        return Inbox(self.db, table or self.table, academies or (LILLE, AMIENS))

    async def assign(self, inbox: Inbox | None = None, *partitions: int) -> None:
        """What a rebalance does: every partition is read from where the database is."""
        inbox = inbox or self.inbox
        assert await roster.refusal(inbox) == ""
        stored = await roster.places(inbox)
        for stream in inbox.table.streams:
            for partition in partitions or (0, 1, 2):
                inbox.positions[stream, partition] = stored.get((stream, partition), 0)

    async def hear(self, *sent: Logged) -> Outcome:
        """Hand over one batch."""
        return await self.inbox.apply(sent)

    async def send(self, *events: Event) -> Outcome:
        return await self.hear(*(self.producer.send(event) for event in events))

    async def query(self, sql: str, *args: object) -> list[asyncpg.Record]:
        return await probe.query(self.urls, sql, *args)

    async def noted(self, subject: UUID) -> list[int]:
        """The versions applied, in order."""
        return [version for who, version, _ in await probe.noted(self.urls) if who == subject]

    async def mark(self, subject: UUID) -> int:
        rows = await self.query("SELECT version FROM infra.inbox WHERE subject = $1", subject)
        return rows[0]["version"] if rows else 0

    async def held(self) -> list[tuple[str, int | None, str]]:
        """(state, version, error) in the order of their places."""
        rows = await self.query("SELECT state, version, error FROM infra.held ORDER BY topic, partition, log_offset")
        return [(row["state"], row["version"], row["error"]) for row in rows]

    async def next(self, stream: str) -> int:
        """Of partition 0."""
        rows = await self.query('SELECT next FROM infra."offset" WHERE (stream, partition) = ($1, 0)', stream)
        return rows[0]["next"] if rows else 0


def verdicts(outcome: Outcome) -> dict[Verdict, int]:
    found: dict[Verdict, int] = {}
    for (_, verdict), number in outcome.verdicts.items():
        found[verdict] = found.get(verdict, 0) + number
    return found


def states(held: Sequence[tuple[str, int | None, str]]) -> list[tuple[str, int | None]]:
    return [(state, version) for state, version, _ in held]
