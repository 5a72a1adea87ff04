"""The only commits: what a command decides, tells and leaves as a trace is written together or not at all."""

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.service.common import probe
from tests.service.common.probe import AMIENS, LILLE, PRODUCER, census, fact
from tests.service.common.proxy import before

from common import audit, outbox
from common.contracts.hr_networks import CensusOpened
from common.db import SESSION, Database
from common.identity import Agent, Mandate, Role
from common.literals import inline
from common.tx import Tx

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

OF_LILLE = Agent(id=uuid4(), academie=LILLE, mandates=(Mandate(role=Role.RESSOURCES_HUMAINES, academie=LILLE),))
COUNT = """
SELECT (SELECT count(*) FROM infra.outbox), (SELECT count(*) FROM audit), (SELECT max(version) FROM infra.aggregate)
"""


async def written(db: Database) -> tuple[int, int, int | None]:
    async with db.batch([LILLE, AMIENS]) as tx:
        row = await tx.fetchrow(COUNT)
    assert row is not None
    return row[0], row[1], row[2]


async def test_events_and_trace_are_written_with_the_command(producer: Database) -> None:
    async with producer.transaction(OF_LILLE) as tx:
        outbox.append(tx, LILLE, [fact(uuid4(), uuid4())])
        audit.record(tx, LILLE, "probe.done", uuid4(), reason="parce que", detail={"schools": 3})

    assert await written(producer) == (1, 1, 1)


async def test_a_refusal_leaves_nothing_behind(producer: Database) -> None:
    async def refuse() -> None:
        async with producer.transaction(OF_LILLE) as tx:
            outbox.append(tx, LILLE, [fact(uuid4(), uuid4())])
            audit.record(tx, LILLE, "probe.done", uuid4())
            await tx.flush()
            raise LookupError

    with pytest.raises(LookupError):
        await refuse()

    assert await written(producer) == (0, 0, None)


@pytest.mark.parametrize("events", [[], [census(uuid4())]], ids=["nothing to write", "an event"])
async def test_an_error_that_was_caught_inside_does_not_look_like_a_success(
    producer: Database, events: list[CensusOpened]
) -> None:
    async def swallow() -> None:
        async with producer.transaction(OF_LILLE) as tx:
            outbox.append(tx, LILLE, events)
            with pytest.raises(asyncpg.DivisionByZeroError):
                await tx.execute("SELECT 1 / 0")

    with pytest.raises(asyncpg.InFailedSQLTransactionError):
        await swallow()

    assert await written(producer) == (0, 0, None)


async def test_a_cancelled_command_leaves_a_connection_that_the_next_one_can_use(producer: Database) -> None:
    async def sleep() -> None:
        async with producer.transaction(OF_LILLE) as tx:
            outbox.append(tx, LILLE, [fact(uuid4(), uuid4())])
            await tx.execute("SELECT pg_sleep(60)")

    for _ in range(5):
        task = asyncio.create_task(sleep())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with producer.batch([]) as tx:
            assert await tx.fetchval("SELECT current_setting('bassin.academies')") == ""

    assert await written(producer) == (0, 0, None)


async def test_no_academie_stays_on_a_connection_that_goes_back_to_the_pool(producer: Database) -> None:
    async with producer.transaction(OF_LILLE) as tx:
        await tx.execute("SELECT 1")

    left = {await producer.pool.fetchval("SELECT current_setting('bassin.academies', true)") for _ in range(20)}

    assert left <= {None, ""}


async def test_without_an_academie_no_row_is_seen_and_none_can_be_written(producer: Database) -> None:
    async with producer.transaction(OF_LILLE) as tx:
        audit.record(tx, LILLE, "probe.done", uuid4())

    async with producer.batch([]) as tx:
        assert await tx.fetchval("SELECT count(*) FROM audit") == 0
    assert await producer.pool.fetchval("SELECT count(*) FROM audit") == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with producer.batch([]) as tx:
            audit.record(tx, LILLE, "probe.done", uuid4())


async def test_an_agent_sees_and_writes_the_rows_of_his_academies_alone(producer: Database) -> None:
    async with producer.batch([LILLE, AMIENS]) as tx:
        for academie in (LILLE, AMIENS):
            audit.record(tx, academie, "probe.done", uuid4())

    async with producer.transaction(OF_LILLE) as tx:
        rows = await tx.fetch("SELECT academie FROM audit")
    assert [row["academie"] for row in rows] == [LILLE]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with producer.transaction(OF_LILLE) as tx:
            audit.record(tx, AMIENS, "probe.done", uuid4())


async def test_who_when_and_why_stand_in_the_trace(producer: Database) -> None:
    subject = uuid4()
    async with producer.transaction(OF_LILLE) as tx:
        audit.record(tx, LILLE, "probe.done", subject, reason="l'avis; DROP TABLE audit -- $1", detail={"n": 1})
        at = tx.at

    async with producer.transaction(OF_LILLE) as tx:
        line = await tx.fetchrow("SELECT a.*, r.reason FROM audit a JOIN audit_reason r ON r.audit = a.id")
    assert line is not None
    assert (line["agent"], line["at"], line["action"], line["subject"]) == (OF_LILLE.id, at, "probe.done", subject)
    assert (line["reason"], line["detail"]) == ("l'avis; DROP TABLE audit -- $1", '{"n": 1}')


async def test_inside_a_savepoint_what_is_only_collected_goes_with_the_rest(producer: Database) -> None:
    async def undo(tx: Tx) -> None:
        async with tx.savepoint():
            outbox.append(tx, LILLE, [census(uuid4(), "undone")])
            tx.many("INSERT INTO no_such_table VALUES ($1)", [(1,)])
            raise LookupError

    async with producer.batch([LILLE]) as tx:
        outbox.append(tx, LILLE, [census(uuid4(), "before")])
        with pytest.raises(LookupError):
            await undo(tx)
        outbox.append(tx, LILLE, [census(uuid4(), "after")])

    rows = await producer.pool.fetch("SELECT payload FROM infra.outbox ORDER BY id")
    assert [msgspec.json.decode(row["payload"])["object"] for row in rows] == ["before", "after"]


async def test_leaving_a_failed_savepoint_the_academies_are_those_of_before(producer: Database) -> None:
    async def undo(tx: Tx) -> None:
        async with tx.savepoint():
            await tx.see([AMIENS])
            raise LookupError

    async with producer.batch([LILLE]) as tx:
        with pytest.raises(LookupError):
            await undo(tx)
        audit.record(tx, LILLE, "probe.done", uuid4())
        await tx.see([AMIENS])
        audit.record(tx, AMIENS, "probe.done", uuid4())

    assert (await written(producer))[1] == 2


async def test_rows_of_one_statement_are_sent_together_before_the_next_statement(producer: Database) -> None:
    async with producer.batch([]) as tx:
        before = tx.round_trips
        for n in range(10):
            tx.many("INSERT INTO infra.inbox VALUES ('probe', 's', $1, 1)", [(UUID(int=n),)])
        assert await tx.fetchval("SELECT count(*) FROM infra.inbox") == 10
        assert tx.round_trips - before == 2


async def test_rows_written_at_once_take_one_round_trip_and_the_last_of_a_key_stays(producer: Database) -> None:
    async with producer.batch([]) as tx:
        before = tx.round_trips
        for subject, version in ((1, 1), (2, 5), (1, 2), (1, 3)):
            tx.at_once(MARKS, [(UUID(int=subject), version)])
        rows = await tx.fetch("SELECT version FROM infra.inbox ORDER BY subject")
        assert ([row["version"] for row in rows], tx.round_trips - before) == ([3, 5], 2)


async def test_events_of_several_academies_are_appended_together_and_audit_lines_under_their_own(
    producer: Database,
) -> None:
    async with producer.batch([LILLE]) as tx:
        for academie in (LILLE, AMIENS, LILLE):
            await tx.see([academie])
            outbox.append(tx, academie, [census(uuid4(), academie)])
            audit.record(tx, academie, "probe.done", uuid4())
        assert await tx.fetchval("SELECT count(*) FROM infra.outbox") == 0

    assert (await written(producer))[:2] == (3, 3)


MARKS = """
INSERT INTO infra.inbox (consumer, stream, subject, version)
SELECT DISTINCT ON (subject) 'probe', 's', subject, version
FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY AS said (subject, version, place)
ORDER BY subject, place DESC
"""
TYPED = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
QUOTED = st.one_of(st.none(), st.integers(-(2**31), 2**31 - 1), st.text(TYPED), st.binary(), st.uuids())
KINDS = {int: "int", bytes: "bytea", UUID: "uuid"}


def test_a_literal_means_what_the_parameter_would_have_meant(producer_urls: "ServiceUrls") -> None:
    """Whatever an agent types reaches simple queries through `inline`."""
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(producer_urls.app, server_settings=SESSION))

        @given(QUOTED)
        def same(value: object) -> None:
            kind = KINDS.get(type(value), "text")
            [row] = runner.run(connection.fetch(inline(f"SELECT $1::{kind} AS said, $2::text AS kept", value, "no")))
            assert (row["said"], row["kept"]) == (value, "no")

        same()
        runner.run(connection.close())


async def test_a_null_character_is_refused_not_cut_off(producer: Database) -> None:
    with pytest.raises((asyncpg.PostgresError, ValueError)):
        async with producer.transaction(OF_LILLE) as tx:
            audit.record(tx, LILLE, "probe.done", uuid4(), reason="before\0after")

    assert await written(producer) == (0, 0, None)


async def test_a_database_that_goes_away_in_a_transaction_is_what_the_command_hears(
    producer_urls: "ServiceUrls",
) -> None:
    """Not that the connection, which the pool has taken back by then, cannot be rolled back: that is nobody's bug."""
    async with (
        before(producer_urls.app) as line,
        probe.opened(PRODUCER, msgspec.structs.replace(producer_urls, app=line.url)) as db,
    ):

        async def cut_in_the_middle() -> None:
            async with db.batch([LILLE]) as tx:
                line.cut()
                await tx.execute("SELECT 1")

        with pytest.raises(asyncpg.PostgresConnectionError):
            await cut_in_the_middle()
