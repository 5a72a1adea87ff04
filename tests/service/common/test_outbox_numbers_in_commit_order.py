"""Versions are drawn under the subject's lock: the order of the outbox is the order of the commits, without gap."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from tests.service.common.probe import AMIENS, LILLE, census, command, fact, state

from common import outbox
from common.contracts.events import Event
from common.contracts.hr_networks import FACTS, PEOPLE
from common.db import Database
from common.outbox import EventTooLarge
from common.tx import MANY_EVENTS, Tx

ROWS = "SELECT id, event_id, stream, subject, version, headers, payload FROM infra.outbox ORDER BY id"


async def written(db: Database) -> list[asyncpg.Record]:
    return await db.pool.fetch(ROWS)


async def numbered(db: Database) -> list[tuple[str, UUID, int]]:
    return [(row["stream"], row["subject"], row["version"]) for row in await written(db)]


async def test_events_are_numbered_in_the_order_they_were_appended(producer: Database) -> None:
    ana, ben = uuid4(), uuid4()
    async with producer.batch([LILLE]) as tx:
        outbox.append(tx, LILLE, [fact(ana, ben), fact(ben, ana), state(ana, "")])
        outbox.append(tx, LILLE, [fact(ana, ana)])
    await command(producer, fact(ana, ben))

    assert await numbered(producer) == [
        (FACTS, ana, 1),
        (FACTS, ben, 1),
        (PEOPLE, ana, 1),
        (FACTS, ana, 2),
        (FACTS, ana, 3),
    ]


async def test_many_events_are_numbered_in_the_same_order(producer: Database) -> None:
    """They go as parameters of a statement of their own, not as literals."""
    ana, ben, number = uuid4(), uuid4(), 2 * MANY_EVENTS
    async with producer.batch([LILLE]) as tx:
        outbox.append(tx, LILLE, [census((ana, ben)[n % 2], f"n° {n}") for n in range(number)])

    rows = await written(producer)
    assert [msgspec.json.decode(row["payload"])["object"] for row in rows] == [f"n° {n}" for n in range(number)]
    assert [row["version"] for row in rows] == [n // 2 + 1 for n in range(number)]


async def test_an_event_carries_its_envelope(producer: Database) -> None:
    async with producer.batch([LILLE]) as tx:
        outbox.append(tx, LILLE, [census(uuid4(), "référents numériques")], academies=[AMIENS])

    [row] = await written(producer)
    headers = msgspec.json.decode(row["headers"], type=dict[str, str])
    assert (headers["ce_source"], headers["ce_academie"]) == ("/academies/09/hr_networks", LILLE)
    assert (headers["ce_academies"], headers["ce_type"]) == ("09,20", "fr.bassin.hr_networks.census_opened.v1")
    assert (UUID(headers["ce_id"]), UUID(headers["ce_subject"])) == (row["event_id"], row["subject"])
    assert row["event_id"].version == 7
    assert all(value.isascii() and value for value in headers.values())
    assert msgspec.json.decode(row["payload"])["object"] == "référents numériques"


async def test_concurrent_commands_on_the_same_subjects_neither_deadlock_nor_leave_a_gap(producer: Database) -> None:
    subjects, number, seeded = [uuid4() for _ in range(5)], 60, random.Random(7)

    async def decide() -> None:
        touched = seeded.sample(subjects, 3)  # in any order
        async with producer.batch([LILLE]) as tx:
            outbox.append(tx, LILLE, [fact(subject, subject) for subject in touched])
            await tx.execute("SELECT pg_sleep($1::float8)", seeded.random() / 100)

    await asyncio.gather(*(decide() for _ in range(number)))

    versions: defaultdict[UUID, list[int]] = defaultdict(list)
    for _, subject, version in await numbered(producer):
        versions[subject].append(version)
    assert sum(map(len, versions.values())) == 3 * number
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())


async def test_an_earlier_transaction_that_commits_later_does_not_come_first(producer: Database) -> None:
    """Per subject the outbox order is the commit order, whoever began first."""
    subject, begun, may_end = uuid4(), asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with producer.batch([LILLE]) as tx:
            begun.set()
            await may_end.wait()
            outbox.append(tx, LILLE, [census(subject, "slow")])

    first = asyncio.create_task(slow())
    await begun.wait()
    await command(producer, census(subject, "quick"))
    may_end.set()
    await first

    told = [msgspec.json.decode(row["payload"])["object"] for row in await written(producer)]
    assert told == ["quick", "slow"]


async def test_a_command_that_is_rolled_back_leaves_no_gap(producer: Database) -> None:
    subject = uuid4()
    await command(producer, fact(subject, subject))

    async def fail() -> None:
        async with producer.batch([LILLE]) as tx:
            outbox.append(tx, LILLE, [fact(subject, subject)])
            await tx.flush()
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    await command(producer, fact(subject, subject))

    assert [version for _, _, version in await numbered(producer)] == [1, 2]


@pytest.mark.parametrize(("size", "refused"), [(899_000, False), (901_000, True)])
async def test_an_event_over_900_kb_is_refused_when_it_is_appended(
    producer: Database, size: int, *, refused: bool
) -> None:
    async with producer.batch([LILLE]) as tx:
        try:
            outbox.append(tx, LILLE, [census(uuid4(), "x" * size)])
        except EventTooLarge:
            assert refused

    assert len(await numbered(producer)) == int(not refused)


async def present(tx: Tx, subjects: Sequence[UUID]) -> list[tuple[str, Event]]:
    return [(LILLE, state(subject, "now")) for subject in subjects]


async def test_a_state_is_published_again_under_a_new_version(producer: Database) -> None:
    ana, ben = uuid4(), uuid4()
    await command(producer, state(ana, "then"), state(ben, "then"), state(ana, "later"))

    async with producer.batch([LILLE]) as tx:
        assert await outbox.republish(tx, PEOPLE, [ana, ben], present) == 2

    rows = await written(producer)
    again = {(r["subject"], r["version"], msgspec.json.decode(r["payload"])["family_name"]) for r in rows[3:]}
    assert again == {(ana, 3, "now"), (ben, 2, "now")}


async def test_a_state_that_is_published_again_is_never_older_than_one_decided_meanwhile(producer: Database) -> None:
    """The versions are locked before the states are read: a command decides before the reading or after it."""
    ana, reading, decided = uuid4(), asyncio.Event(), asyncio.Event()
    await command(producer, state(ana, "then"))

    async def slowly(tx: Tx, subjects: Sequence[UUID]) -> list[tuple[str, Event]]:
        reading.set()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await decided.wait()
        return [(LILLE, state(ana, "then"))]

    async def decide() -> None:
        await reading.wait()
        await command(producer, state(ana, "changed meanwhile"))
        decided.set()

    async def again() -> None:
        async with producer.batch([LILLE]) as tx:
            await outbox.republish(tx, PEOPLE, [ana], slowly)

    await asyncio.gather(again(), decide())

    newest = (await written(producer))[-1]
    assert (msgspec.json.decode(newest["payload"])["family_name"], newest["version"]) == ("changed meanwhile", 3)


async def test_more_than_500_states_are_not_published_again_in_one_transaction(producer: Database) -> None:
    async with producer.batch([LILLE]) as tx:
        assert await outbox.republish(tx, PEOPLE, [uuid4() for _ in range(500)], present) == 500
        with pytest.raises(ValueError, match="501"):
            await outbox.republish(tx, PEOPLE, [uuid4() for _ in range(501)], present)
