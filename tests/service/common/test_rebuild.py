"""A projection is made again from the topics: after damage, and for a service added long after compaction."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from tests.service.common import probe
from tests.service.common.probe import AMIENS, LILLE, LISTENER, PRODUCER, state

from common.consumer import Consumer
from common.contracts.catalogue import STREAMS
from common.contracts.hr_networks import PEOPLE
from common.differences import Difference, Row
from common.inbox import Inbox
from common.rebuild import Rebuild, Rebuilt

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

PEOPLE_OF_THE_TEST = [UUID(int=number) for number in range(1, 13)]


class Scene:
    """A producer that published states, and a listener whose projection keeps them."""

    def __init__(self, kafka: str, suffix: str, producer: "ServiceUrls", listening: "ServiceUrls") -> None:
        self.kafka, self.suffix, self.producer, self.listening = kafka, suffix, producer, listening
        self.table = probe.listener()

    async def publish(self, name: str) -> None:
        """One more state of everybody, all the way to the topic."""
        async with probe.opened(PRODUCER, self.producer) as db:
            relay = asyncio.create_task(probe.relay(self.producer, self.kafka, self.suffix, db.on_commit).run())
            for subject in PEOPLE_OF_THE_TEST:
                await probe.command(db, state(subject, f"{name} {subject.int}"))
            await probe.eventually(self.published)
            await probe.ended([relay])

    async def published(self) -> bool:
        return not await probe.query(self.producer, "SELECT 1 FROM infra.outbox LIMIT 1")

    async def consume_until(self, names: dict[UUID, str]) -> None:
        async with probe.opened(LISTENER, self.listening) as db:
            inbox = Inbox(db, self.table, [LILLE, AMIENS])
            consumer = asyncio.create_task(Consumer(self.kafka, inbox).run())
            await probe.eventually(partial(self.knows, names))
            await probe.ended([consumer])

    async def knows(self, names: dict[UUID, str]) -> bool:
        return await self.kept() == names

    async def kept(self) -> dict[UUID, str]:
        rows = await probe.query(self.listening, "SELECT subject, name FROM probe_state")
        return {row["subject"]: row["name"] for row in rows}

    async def rebuild(self, *, switch: bool = True) -> Rebuilt:
        projection = self.table.projections[0]
        work = Rebuild(self.listening, self.kafka, LISTENER, projection)
        return await work.run((LILLE, AMIENS), switch=switch)

    async def damage(self) -> UUID:
        """Four rows are missing, one is of nobody, one is wrong; returns nobody."""
        nobody = uuid4()
        await probe.query(self.listening, "DELETE FROM probe_state WHERE subject < $1", UUID(int=5))
        await probe.query(self.listening, "INSERT INTO probe_state VALUES ('09', $1, 1, 'intruse')", nobody)
        await probe.query(self.listening, "UPDATE probe_state SET name = 'fausse' WHERE subject = $1", UUID(int=7))
        return nobody


def named(name: str) -> dict[UUID, str]:
    return {subject: f"{name} {subject.int}" for subject in PEOPLE_OF_THE_TEST}


@pytest.fixture
async def scene(kafka: str, database: "Callable[[str], ServiceUrls]") -> AsyncIterator[Scene]:
    async with probe.own_topics(kafka, partitions=2) as suffix:
        found = Scene(kafka, suffix, database(PRODUCER), database(LISTENER))
        await probe.lay_out(found.listening, found.table)
        yield found


async def test_a_damaged_projection_is_made_again_beside_the_live_consumer(scene: Scene) -> None:
    await scene.publish("première")
    await scene.publish("seconde")
    await scene.consume_until(named("seconde"))
    nobody = await scene.damage()

    rebuilt = await scene.rebuild()

    assert rebuilt == found_in(nobody, switched=True)
    assert await scene.kept() == named("seconde")
    await scene.publish("troisième")
    await scene.consume_until(named("troisième"))


def found_in(nobody: UUID, *, switched: bool) -> Rebuilt:
    """What must be told of the damage."""
    key = {"academie": "09"}
    rows = [Row("built", {**key, "subject": str(UUID(int=n))}) for n in range(1, 5)]
    rows.append(Row("differs", {**key, "subject": str(UUID(int=7))}, ["name"]))
    rows.append(Row("live", {**key, "subject": str(nobody)}))
    counts = {"before": 9, "after": 12, "only_live": 1, "only_built": 4, "differing": 1}
    return Rebuilt([Difference(table="probe_state", rows=rows, **counts)], parked=0, switched=switched)


async def test_a_check_tells_the_same_and_changes_nothing(scene: Scene) -> None:
    await scene.publish("seule")
    await scene.consume_until(named("seule"))
    nobody = await scene.damage()
    damaged = await scene.kept()

    rebuilt = await scene.rebuild(switch=False)

    assert rebuilt == found_in(nobody, switched=False)
    assert await scene.kept() == damaged
    await scene.rebuild()
    [difference] = (await scene.rebuild(switch=False)).tables
    assert difference.none


async def test_what_a_killed_rebuild_left_does_not_make_the_next_one_skip_records(scene: Scene) -> None:
    await scene.publish("seule")
    await scene.consume_until(named("seule"))
    name = f"{LISTENER}/rebuild/people"
    for left in LEFT_BEHIND:
        await probe.query(scene.listening, left, name, LISTENER)

    await scene.rebuild()

    assert await scene.kept() == named("seule")


LEFT_BEHIND = (
    'INSERT INTO infra."offset" SELECT $1, stream, partition, next FROM infra."offset" WHERE consumer = $2',
    "INSERT INTO infra.inbox SELECT $1, stream, subject, version, event_id FROM infra.inbox WHERE consumer = $2",
)


async def test_two_rebuilds_of_one_database_do_not_meet(scene: Scene) -> None:
    await scene.publish("seule")
    await scene.consume_until(named("seule"))

    ends = await asyncio.gather(scene.rebuild(), scene.rebuild(), return_exceptions=True)

    assert sorted(type(end).__name__ for end in ends) == ["RebuildInProgress", "Rebuilt"]
    assert await scene.kept() == named("seule")


async def test_a_rebuild_says_nothing_to_anybody_and_leaves_nothing_behind(scene: Scene) -> None:
    await scene.publish("seule")
    await scene.consume_until(named("seule"))

    await scene.rebuild()

    for table in ("infra.outbox", "public.audit", "public.mail"):
        assert not await probe.query(scene.listening, f"SELECT 1 FROM {table}"), table
    consumers = await probe.query(scene.listening, "SELECT DISTINCT consumer FROM infra.inbox")
    assert [row["consumer"] for row in consumers] == [LISTENER]
    assert not await probe.query(scene.listening, "SELECT 1 FROM pg_namespace WHERE nspname = 'rebuild'")


async def test_a_rebuild_goes_no_further_than_the_live_consumer(scene: Scene) -> None:
    """What the live one has not applied yet it will apply itself, to the tables that were put in place."""
    await scene.publish("connue")
    await scene.consume_until(named("connue"))
    await scene.publish("pas encore")

    await scene.rebuild()

    assert await scene.kept() == named("connue")
    await scene.consume_until(named("pas encore"))


async def test_a_service_added_a_year_later_learns_the_present_from_a_compacted_topic(scene: Scene) -> None:
    await compact_at_once(scene.kafka)
    for year in range(2020, 2026):
        await scene.publish(f"année {year}")
    await scene.publish("dernière")
    await probe.eventually(partial(compacted, scene.kafka), within=40, what="compaction")

    rebuilt = await scene.rebuild()

    [table] = rebuilt.tables
    assert (table.before, table.after, table.only_built, rebuilt.parked) == (0, 12, 12, 0)
    assert await scene.kept() == named("dernière")
    await scene.consume_until(named("dernière"))


async def compact_at_once(kafka: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    eager = {"cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.01"}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, STREAMS[PEOPLE].behind, eager)])
    await admin.close()


async def compacted(kafka: str) -> bool:
    """Whether records that were published are gone."""
    topic = STREAMS[PEOPLE].behind
    reader = AIOKafkaConsumer(topic, bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False)
    await reader.start()
    try:
        found = 0
        while records := await reader.getmany(timeout_ms=300):
            found += sum(map(len, records.values()))
        return 0 < found < 5 * len(PEOPLE_OF_THE_TEST)
    finally:
        await reader.stop()
