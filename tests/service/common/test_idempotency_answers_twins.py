"""A command said twice is done once: its twin hears the same answer, in the same words."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import pytest
from litestar import Response
from msgspec import Struct
from tests.service.common import probe
from tests.service.common.probe import AMIENS, LILLE, PRODUCER, census

from common import idempotency, outbox, sealing
from common.clock import Clock
from common.db import SESSION, Database, OutboxBehind
from common.idempotency import Command, IdempotencyKeyReused, Replayed, TwinInProgress
from common.identity import Agent
from common.service import load
from common.tx import Tx, UnansweredCommand

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

ANA = Agent(id=uuid4(), academie=LILLE)


class Opened(Struct):
    """What the command answers."""

    census: str


def said(key: str | None = "k1", *, body: bytes = b"{}", path: str = "/v1/probe", method: str = "POST") -> Command:
    return Command(method, path, key, hashlib.sha256(body).digest())


async def do(db: Database, command: Command, *, agent: Agent = ANA, seconds: float = 0) -> Response[bytes]:
    """One request in a context of its own, as the web layer runs it."""

    async def request() -> Response[bytes]:
        idempotency.current.set(command)
        async with db.transaction(agent) as tx:
            await tx.execute("SELECT pg_sleep($1::float8)", seconds)
            outbox.append(tx, LILLE, [census(uuid4())])
            return tx.answer(Opened("é"), status=201, location="/v1/probe/1", etag='"1"')

    return await asyncio.create_task(request())


async def replayed(db: Database, command: Command, agent: Agent = ANA) -> Response[bytes]:
    with pytest.raises(Replayed) as earlier:
        await do(db, command, agent=agent)
    return earlier.value.answer.response()


async def done(db: Database) -> int:
    """How often a command took effect."""
    number: int = await db.pool.fetchval("SELECT count(*) FROM infra.outbox")
    return number


@pytest.fixture
async def quick(producer_urls: "ServiceUrls") -> AsyncIterator[Database]:
    """Another process of the service, impatient so that the test need not wait five seconds."""
    assert SESSION["lock_timeout"] == "5s"
    settings = {**SESSION, "lock_timeout": "300ms"}
    pool = await asyncpg.create_pool(producer_urls.app, min_size=1, server_settings=settings)
    yield Database(PRODUCER, pool, Clock())
    await pool.close()


async def test_a_twin_hears_status_location_etag_and_body_of_the_first(producer: Database) -> None:
    first = await do(producer, said())

    twin = await replayed(producer, said())

    assert (twin.status_code, twin.content) == (201, first.content) == (201, '{"census":"é"}'.encode())
    assert (twin.headers["Location"], twin.headers["ETag"]) == ("/v1/probe/1", '"1"')
    assert await done(producer) == 1


async def test_concurrent_twins_wait_for_the_first_and_one_alone_is_done(producer: Database) -> None:
    outcomes = await asyncio.gather(*(do(producer, said(), seconds=0.2) for _ in range(8)), return_exceptions=True)

    assert [isinstance(outcome, Replayed) for outcome in outcomes].count(True) == 7
    assert await done(producer) == 1


async def test_when_the_first_fails_its_waiting_twin_is_done_in_its_place(producer: Database) -> None:
    inside = asyncio.Event()

    async def fail() -> None:
        idempotency.current.set(said())
        async with producer.transaction(ANA):
            inside.set()
            await asyncio.sleep(0.2)
            raise LookupError

    first = asyncio.create_task(fail())
    await inside.wait()
    twin = await do(producer, said())

    with pytest.raises(LookupError):
        await first
    assert (twin.status_code, await done(producer)) == (201, 1)


async def test_a_twin_that_waited_five_seconds_is_told_to_come_back(producer: Database, quick: Database) -> None:
    first = asyncio.create_task(do(producer, said(), seconds=1.0))
    await probe.eventually(partial(in_progress, producer))

    with pytest.raises(TwinInProgress) as waited:
        await do(quick, said())

    assert (waited.value.status, waited.value.retry_after) == (409, 5)
    assert (await first).status_code == 201


async def in_progress(db: Database) -> bool:
    sleeping = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
    return bool(await db.pool.fetchval(sleeping))


async def test_the_same_key_with_another_body_is_refused(producer: Database) -> None:
    await do(producer, said())

    with pytest.raises(IdempotencyKeyReused) as refused:
        await do(producer, said(body=b"[]"))

    assert (refused.value.status, await done(producer)) == (422, 1)


@pytest.mark.parametrize(
    "other",
    [said("k2"), said(path="/v1/other"), said(method="PUT")],
    ids=["another key", "another path", "another method"],
)
async def test_another_command_is_no_twin(producer: Database, other: Command) -> None:
    await do(producer, said())
    await do(producer, other)

    assert await done(producer) == 2


@pytest.mark.parametrize(
    "someone_else",
    [Agent(id=uuid4(), academie=LILLE), Agent(id=ANA.id, academie=AMIENS)],
    ids=["another agent", "another academie"],
)
async def test_the_key_of_someone_else_is_another_key(producer: Database, someone_else: Agent) -> None:
    await do(producer, said())

    async def elsewhere() -> None:
        idempotency.current.set(said())
        async with producer.transaction(someone_else) as tx:
            tx.answer(None, status=204)

    await asyncio.create_task(elsewhere())


async def test_only_a_success_is_stored(producer: Database) -> None:
    async def answer(act: Callable[[Tx], Any]) -> None:
        idempotency.current.set(said())
        async with producer.transaction(ANA) as tx:
            act(tx)

    for act in (lambda tx: None, lambda tx: tx.answer(None, status=302), lambda tx: tx.answer(None, status=404)):
        with pytest.raises(UnansweredCommand):
            await asyncio.create_task(answer(act))

    assert (await do(producer, said())).status_code == 201


async def test_a_command_without_a_key_is_done_each_time(producer: Database) -> None:
    for _ in range(2):
        await do(producer, said(None, method="PUT"))

    assert await done(producer) == 2


async def test_while_too_much_is_unpublished_commands_wait_and_reads_do_not(producer: Database) -> None:
    producer.behind_since = 700.0

    with pytest.raises(OutboxBehind) as refused:
        await do(producer, said())
    async with producer.transaction(ANA) as tx:
        assert await tx.fetchval("SELECT 1") == 1

    assert (refused.value.status, refused.value.retry_after) == (503, 60)


async def test_the_key_that_waits_is_a_lock_of_its_own(producer: Database, quick: Database) -> None:
    """Another lock time-out, after the claim, is not a twin's: over HTTP it is 503."""
    subject, inside = uuid4(), asyncio.Event()

    async def hold() -> None:
        async with producer.batch([LILLE]) as tx:
            outbox.append(tx, LILLE, [census(subject)])
            await tx.flush()
            inside.set()
            await asyncio.sleep(0.6)

    async def wait() -> None:
        idempotency.current.set(said())
        async with quick.transaction(ANA) as tx:
            outbox.append(tx, LILLE, [census(subject)])
            tx.answer(None, status=204)

    holding = asyncio.create_task(hold())
    await inside.wait()
    with pytest.raises(asyncpg.LockNotAvailableError):
        await asyncio.create_task(wait())
    await holding


async def test_an_answer_is_kept_72_hours_and_not_longer(producer: Database, producer_urls: "ServiceUrls") -> None:
    await do(producer, said("older"))
    await do(producer, said("younger"))
    owner = await asyncpg.connect(producer_urls.admin)
    for key, hours in (("older", 73), ("younger", 71)):
        await owner.execute("UPDATE idempotency SET at = now() - $2 * interval '1 hour' WHERE key = $1", key, hours)
    await owner.close()

    async with producer.batch([LILLE, AMIENS]) as tx:
        forgotten = await sealing.forget_old_answers(tx, tx.at)

    assert forgotten == 1
    assert (await replayed(producer, said("younger"))).status_code == 201
    assert (await do(producer, said("older"))).status_code == 201
    assert "forget_old_answers" in [job.name for job in sealing.jobs(load("training"))]
