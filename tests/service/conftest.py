"""One service on a database of its own: its real HTTP side in this process, and its real inbox fed with records."""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid5

import httpx
import msgspec
import pytest
from aiokafka import ConsumerRecord
from joserfc.jwk import ECKey
from litestar import Litestar
from prometheus_client import Gauge

from common import figures, roster
from common.batch import Outcome
from common.clock import Clock
from common.contracts.catalogue import PRODUCERS, STREAMS
from common.contracts.events import Event
from common.db import Database, connect
from common.identifiers import BASSIN, CodeAcademie, CodeBassin, Uai
from common.identity import Agent, Mandate, Role
from common.inbox import Inbox
from common.internal_tokens import InternalTokens
from common.migrate import ServiceUrls, register
from common.outbox import source
from common.service import load
from common.settings import Settings
from common.timekeeper import Timekeeper
from common.tokens import FixedKeys
from common.tx import ENCODER
from common.uuid7 import uuid7

KEY = ECKey.generate_key("P-256", {"kid": "test", "alg": "ES256", "use": "sig"}, private=True)
TOKENS = InternalTokens(FixedKeys({"test": KEY}), signing=lambda: KEY)
ACADEMIES = (CodeAcademie("09"), CodeAcademie("20"))


def agent(
    role: Role, academie: str = "09", *, uai: str | None = None, bassin: str | None = None, mail: str | None = None
) -> Agent:
    """A fictional agent with one mandate; the same arguments give the same agent."""
    mandate = Mandate(
        role=role,
        academie=CodeAcademie(academie),
        uai=None if uai is None else Uai(uai),
        bassin=None if bassin is None else CodeBassin(bassin),
    )
    identifier = uuid5(BASSIN, f"agent:{role}:{academie}:{uai}:{bassin}:{mail}")
    return Agent(id=identifier, academie=CodeAcademie(academie), mandates=(mandate,), name="Camille Test", mail=mail)


class Served:
    """A service as a test meets it."""

    def __init__(self, name: str, app: Litestar, urls: ServiceUrls, settings: Settings) -> None:
        self.name, self.app, self.urls, self.settings = name, app, urls, settings
        self.db: Database = app.state.db
        self.inbox = Inbox(self.db, load(name).table(), ACADEMIES)
        self._versions: defaultdict[tuple[str, UUID], count[int]] = defaultdict(lambda: count(1))
        self._offsets: defaultdict[str, count[int]] = defaultdict(count)

    def as_(self, who: Agent) -> httpx.AsyncClient:
        """A client with who's internal token; each POST gets an Idempotency-Key of its own unless it brings one."""

        async def key(request: httpx.Request) -> None:
            if request.method == "POST":
                request.headers.setdefault("Idempotency-Key", str(uuid7()))

        return httpx.AsyncClient(
            transport=httpx.ASGITransport(cast("Any", self.app), raise_app_exceptions=False),
            base_url="http://service",
            headers={"Authorization": f"Bearer {TOKENS.sign(who, self.name)}"},
            event_hooks={"request": [key]},
        )

    async def hear(self, *events: Event, academie: str = "09", academies: tuple[str, ...] = ()) -> Outcome:
        """Hand the events to the inbox as the records their producer would have published next."""
        return await self.apply([self.record(e, academie=academie, academies=academies) for e in events])

    def record(
        self,
        event: Event,
        *,
        academie: str = "09",
        academies: tuple[str, ...] = (),
        version: int | None = None,
        time: datetime | None = None,
    ) -> ConsumerRecord[bytes | None, bytes | None]:
        known = next(self._versions[event.stream, event.subject]) if version is None else version
        seen = ",".join(sorted({academie, *academies}))
        headers = {
            "ce_specversion": "1.0",
            "ce_id": str(uuid7()),
            "ce_source": source(academie, PRODUCERS[event.stream]),
            "ce_type": event.ce_type,
            "ce_subject": str(event.subject),
            "ce_time": (time or datetime.now(UTC)).isoformat(),
            "content-type": "application/json",
            "ce_academie": academie,
            "ce_academies": seen,
            "ce_aggregateversion": str(known),
        }
        topic = STREAMS[event.stream].behind
        return ConsumerRecord(
            topic=topic,
            partition=0,
            offset=next(self._offsets[topic]),
            timestamp=0,
            timestamp_type=0,
            key=str(event.subject).encode(),
            value=ENCODER.encode(event),
            checksum=None,
            serialized_key_size=36,
            serialized_value_size=0,
            headers=tuple((name, value.encode()) for name, value in headers.items()),
        )

    async def apply(self, records: list[ConsumerRecord[bytes | None, bytes | None]]) -> Outcome:
        assert await roster.refusal(self.inbox) == ""
        stored = await roster.places(self.inbox)
        for record in records:
            place = (self.inbox.streams[record.topic], record.partition)
            self.inbox.positions[place] = stored.get(place, 0)
        return await self.inbox.apply(records)

    async def run_job(self, name: str) -> None:
        """Run one of the service's jobs now, as its timekeeper would."""
        found = [job for job in load(self.name).own_jobs() if job.name == name]
        assert len(found) == 1, f"{self.name} has no job {name}"
        await Timekeeper(self.db, ACADEMIES, found).do(found[0])

    async def counted(self, gauge: Gauge) -> dict[tuple[str, ...], float]:
        """What the gauge says of each académie, and of each of its further labels, once the service has counted."""
        await Timekeeper(self.db, ACADEMIES, []).do(figures.job(load(self.name).figures))
        samples = [sample for family in gauge.collect() for sample in family.samples]
        return {
            tuple(value for label, value in sample.labels.items() if label != "service"): sample.value
            for sample in samples
            if sample.labels["service"] == self.name
        }

    async def told(self) -> list[tuple[str, str, dict[str, object]]]:
        """What stands in the outbox: (type, académie, body), in order."""
        rows = await self.db.pool.fetch("SELECT headers, payload FROM infra.outbox ORDER BY id")
        heads = [msgspec.json.decode(row["headers"], type=dict[str, str]) for row in rows]
        bodies = [msgspec.json.decode(row["payload"], type=dict[str, object]) for row in rows]
        return [(h["ce_type"], h["ce_academie"], b) for h, b in zip(heads, bodies, strict=True)]


@pytest.fixture
async def serve(
    database: Callable[[str], ServiceUrls], tmp_path: Path
) -> AsyncIterator[Callable[..., Awaitable[Served]]]:
    """`await serve("territory")`, or with a business time: `await serve("hr_networks", at=datetime(...))`.

    `served.app.state.clock.at = …` moves it.
    """
    async with AsyncExitStack() as ends:

        async def start(name: str, *, at: datetime | None = None) -> Served:
            urls, service = database(name), load(name)
            await register(urls.owner, name, service.table().names(), {})
            settings = Settings(
                service=name,
                academies=ACADEMIES,
                database_url=urls.app,
                relay_database_url=urls.relay,
                kafka="127.0.0.1:9",
                gateway_jwks_url="http://127.0.0.1:9",
                numen_key="0123456789abcdef0123456789abcdef",
            )
            app = service.app(settings, FixedKeys({"test": KEY}))
            clock = Clock(at=at)
            pool = await connect(urls.app, size=4)
            ends.push_async_callback(pool.close)
            app.state.db, app.state.clock = Database(name, pool, clock), clock
            return Served(name, app, urls, settings)

        yield start


@pytest.fixture(name="agent")
def agent_factory() -> Callable[..., Agent]:
    return agent
