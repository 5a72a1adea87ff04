"""One listener with what reaches it, and an operator at a terminal."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from aiokafka import ConsumerRecord
from tests.service.common import probe
from tests.service.common.probe import LILLE, LISTENER, fact
from tests.service.common.terminal import Operator, demo_runs, terminal

from common.batch import Outcome
from common.contracts.hr_networks import FACTS
from common.decided import Decision
from common.held import Wanted, held
from common.inbox import Inbox
from common.migrate import register
from common.parking import Desk
from common.service import load
from common.tx import ENCODER
from common.uuid7 import uuid7

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

RUBBISH = b"{not json"
PARKED = Wanted(state="parked")


class Scene:
    """One listener, and the topic it reads."""

    def __init__(self, inbox: Inbox, urls: "ServiceUrls") -> None:
        self.inbox, self.urls = inbox, urls
        self.offset = 0

    async def arrive(
        self,
        subject: UUID,
        version: int,
        value: bytes | None = None,
        *,
        readable: bool = True,
        type_: str = "fr.bassin.hr_networks.person_linked.v1",
        source: str = "/academies/09/hr_networks",
    ) -> Outcome:
        body = ENCODER.encode(fact(subject, uuid4())) if value is None else value
        headers = {
            "ce_id": str(uuid7()),
            "ce_type": type_,
            "ce_subject": str(subject),
            "ce_aggregateversion": str(version),
            "ce_academie": "09",
            "ce_source": source,
            "ce_time": datetime.now(UTC).isoformat(),
        }
        record: ConsumerRecord[bytes | None, bytes | None] = ConsumerRecord(
            topic=FACTS,
            partition=0,
            offset=self.offset,
            timestamp=0,
            timestamp_type=0,
            key=str(subject).encode(),
            value=body,
            checksum=None,
            serialized_key_size=36,
            serialized_value_size=len(body),
            headers=tuple((name, text.encode()) for name, text in headers.items() if readable),
        )
        self.offset += 1
        self.inbox.positions.setdefault((FACTS, 0), 0)
        return await self.inbox.apply([record])

    async def applied(self) -> list[int]:
        return [version for _, version, _ in await probe.noted(self.urls)]

    async def parked(self) -> list[int]:
        return [record.id for record in await held(self.inbox, PARKED)]

    async def audited(self) -> list[str]:
        rows = await probe.query(self.urls, "SELECT action FROM audit ORDER BY id")
        return [row["action"] for row in rows]

    async def marks(self) -> dict[UUID, int]:
        """The version that each subject has reached."""
        rows = await probe.query(self.urls, "SELECT subject, version FROM infra.inbox")
        return {UUID(int=row["subject"].int): row["version"] for row in rows}

    async def waits_for_a_lock(self) -> bool:
        return bool(await probe.query(self.urls, WAITING_FOR_A_LOCK))

    async def replay(self, record: int) -> Decision:
        async with self.inbox.db.batch(()) as tx:
            return await Desk(self.inbox, tx).replay(record)

    async def discard(self, record: int, reason: str) -> Decision:
        async with self.inbox.db.batch(()) as tx:
            return await Desk(self.inbox, tx).discard(record, reason)

    async def give_up(self, subject: UUID, reason: str) -> Decision:
        async with self.inbox.db.batch(()) as tx:
            return await Desk(self.inbox, tx).give_up(FACTS, subject, reason)

    async def mend(self, identifier: int, subject: UUID) -> None:
        """The producer's bug is understood and the body put right, as only an administrator can."""
        body = ENCODER.encode(fact(subject, uuid4()))
        await probe.query(self.urls, "UPDATE infra.held SET payload = $2 WHERE id = $1", identifier, body)


@pytest.fixture
async def scene(database: "Callable[[str], ServiceUrls]") -> AsyncIterator[Scene]:
    urls, table = database(LISTENER), probe.listener()
    await probe.lay_out(urls, table)
    async with probe.opened(LISTENER, urls) as db:
        yield Scene(Inbox(db, table, [LILLE]), urls)


@pytest.fixture
async def operator(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Operator:
    """`await operator("parking", "list", "training")`: exit status, what it says, what it complains of."""
    await probe.query(scene.urls, "DELETE FROM infra.handler")  # the command knows those of the real service
    await register(scene.urls.owner, LISTENER, load(LISTENER).table().names(), {})
    demo_runs(monkeypatch, tmp_path, {LISTENER: scene.urls})
    return terminal(capsys)


WAITING_FOR_A_LOCK = """
SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
