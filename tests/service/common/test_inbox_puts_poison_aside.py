"""What cannot be applied is parked and only that: no batch, no other subject and no effect goes with it."""

from collections.abc import Callable
from typing import cast
from uuid import UUID, uuid4

import msgspec
import pytest
from tests.service.common.conftest import Listen
from tests.service.common.consuming import counted
from tests.service.common.listening import Listening, id_of, states, verdicts
from tests.service.common.probe import AMIENS, LILLE, LISTENER, NOTE, census, fact

from common import audit, mail, outbox
from common.contracts.events import Fact
from common.contracts.hr_networks import FACTS, CensusOpened, PersonLinked
from common.handlers import Projection, Table
from common.mail import Mail
from common.marks import Verdict
from common.tx import ProjectionTx, Tx

POISON = "poison"


async def obey(tx: Tx, heard: Fact[CensusOpened]) -> None:
    """Fail as the wish says, after everything that must not survive was done."""
    where, subject = LILLE, heard.event.subject
    match heard.event.object:
        case "poison":
            outbox.append(tx, where, [fact(subject, subject)])
            audit.record(tx, where, "probe.done", subject)
            mail.send(tx, where, Mail(to="a@example.org", subject="", text="", kind="probe", key="1"))
            await tx.execute(NOTE, where, heard.id, subject, 99)
            raise RuntimeError("this one cannot be applied")
        case "only at the flush":
            tx.many("INSERT INTO probe_state VALUES ($1, $2, 1, NULL)", [(where, subject)])
        case "wrong argument":
            await tx.execute("SELECT $1::int", "not a number")
        case "another académie":
            tx.many(NOTE, [(AMIENS, heard.id, subject, 1)])


async def effects(listening: Listening) -> list[int]:
    tables = ("infra.outbox", "audit", "mail")
    return [len(await listening.query(f"SELECT 1 FROM {table}")) for table in tables]


@pytest.mark.parametrize("wish", ["poison", "only at the flush", "wrong argument", "another académie"])
async def test_of_a_failing_batch_only_the_poison_is_parked_and_leaves_no_trace(listen: Listen, wish: str) -> None:
    listening, ana, ben, eve = await listen(obey), uuid4(), uuid4(), uuid4()

    outcome = await listening.send(fact(ana, ana), census(eve, wish), fact(eve, eve), fact(ben, ben), fact(ana, ben))

    assert (await listening.noted(ana), await listening.noted(ben), await listening.noted(eve)) == ([1, 2], [1], [])
    assert states(await listening.held()) == [("parked", 1), ("waiting", 2)]
    assert verdicts(outcome) == {Verdict.APPLY: 3, Verdict.PARK: 1, Verdict.WAIT: 1}
    assert await effects(listening) == [0, 0, 0]
    assert await listening.next(FACTS) == 5


@pytest.mark.parametrize("wish", ["poison", "only at the flush", "wrong argument", "another académie"])
async def test_an_operator_sees_which_handler_failed(listen: Listen, wish: str) -> None:
    listening, eve = await listen(obey), uuid4()
    before = counted("handler_failures_total", handler="obey")

    await listening.send(census(eve, wish))

    assert counted("handler_failures_total", handler="obey") > before


async def test_what_a_handler_collected_fails_as_its_own_though_a_record_that_nobody_can_read_comes_next(
    listen: Listen,
) -> None:
    """To park that one the database is asked, and what was collected goes first: F12, seed 768635."""
    listening, ana, ben, eve = await listen(obey), uuid4(), uuid4(), uuid4()
    send = listening.producer.send

    await listening.hear(send(census(eve, "only at the flush")), send(fact(ben, ben), value=b"{"), send(fact(ana, ana)))

    assert await listening.noted(ana) == [1]
    assert states(await listening.held()) == [("parked", 1), ("parked", 1)]


async def test_what_follows_in_the_next_batches_waits_and_is_never_tried(listen: Listen) -> None:
    listening, eve = await listen(obey), uuid4()
    await listening.send(census(eve, POISON))

    await listening.send(fact(eve, eve))
    await listening.send(fact(eve, eve))

    assert states(await listening.held()) == [("parked", 1), ("waiting", 2), ("waiting", 3)]


async def test_all_handlers_of_a_record_apply_or_none(listen: Listen) -> None:
    listening, eve, told = await listen(), uuid4(), Projection("told", tables=("probe_state",))

    @told.on(PersonLinked)
    async def first(tx: ProjectionTx, heard: Fact[PersonLinked]) -> None:
        await tx.execute(NOTE, LILLE, heard.id, heard.event.subject, 99)

    @told.on(PersonLinked)
    async def second(tx: ProjectionTx, heard: Fact[PersonLinked]) -> None:
        raise LookupError

    listening.inbox.table = Table(LISTENER, [told], None)
    await listening.send(fact(eve, eve))

    assert await listening.noted(eve) == []
    assert await listening.held() == [("parked", 1, "LookupError: ")]


async def test_the_poison_behind_a_gap_is_parked_when_its_turn_comes(listen: Listen) -> None:
    listening, eve = await listen(obey), uuid4()
    one, two = listening.producer.send(fact(eve, eve)), listening.producer.send(census(eve, POISON))

    await listening.hear(two)
    await listening.hear(one)

    assert await listening.noted(eve) == [1]
    assert states(await listening.held()) == [("parked", 2)]


async def test_a_handler_sees_and_writes_only_for_the_academies_of_its_record(listen: Listen) -> None:
    seen: list[tuple[str, ...]] = []

    async def look(tx: Tx, heard: Fact[CensusOpened]) -> None:
        rows = await tx.fetch("SELECT DISTINCT academie FROM probe_note ORDER BY 1")
        seen.append(tuple(row["academie"] for row in rows))

    listening, (one, two, three) = await listen(look), (uuid4(), uuid4(), uuid4())
    amiens = listening.producer.send(census(two), headers={"ce_academie": AMIENS})
    shared = listening.producer.send(census(three), headers={"ce_academie": AMIENS, "ce_academies": "09,20,31"})

    await listening.hear(listening.producer.send(census(one)), amiens, shared)

    assert seen == [(LILLE,), (AMIENS,), (LILLE, AMIENS)]


async def test_a_projection_can_neither_publish_nor_mail_nor_audit(listen: Listen) -> None:
    listening, told = await listen(), Projection("told", tables=("probe_state",))
    attempts: list[Callable[[Tx], None]] = [
        lambda tx: outbox.append(tx, LILLE, [fact(uuid4(), uuid4())]),
        lambda tx: audit.record(tx, LILLE, "probe.done", uuid4()),
        lambda tx: mail.send(tx, LILLE, Mail(to="a@example.org", subject="", text="", kind="probe", key="1")),
    ]

    @told.on(PersonLinked)
    async def reach_out(tx: ProjectionTx, heard: Fact[PersonLinked]) -> None:
        attempts[heard.version - 1](cast("Tx", tx))

    listening.inbox.table = Table(LISTENER, [told], None)
    for subject in range(3):
        listening.producer.skip(fact(UUID(int=subject), UUID(int=0)), subject)
    await listening.query(
        "INSERT INTO infra.inbox SELECT $1, $2, ('00000000-0000-0000-0000-00000000000' || n)::uuid, n"
        " FROM generate_series(1, 2) n",
        LISTENER,
        FACTS,
    )
    await listening.send(*(fact(UUID(int=subject), UUID(int=0)) for subject in range(3)))

    assert [error for _, _, error in await listening.held()] == ["EffectInProjection: "] * 3
    assert await effects(listening) == [0, 0, 0]


async def test_what_a_reaction_publishes_names_what_set_it_off(listen: Listen) -> None:
    async def answer(tx: Tx, heard: Fact[CensusOpened]) -> None:
        outbox.append(tx, LILLE, [fact(heard.event.subject, heard.id)])

    listening, eve = await listen(answer), uuid4()
    cause = listening.producer.send(census(eve), headers={"ce_correlationid": "the thread"})

    await listening.hear(cause)

    [row] = await listening.query("SELECT headers FROM infra.outbox")
    told = msgspec.json.decode(row["headers"], type=dict[str, str])
    assert (told["ce_causationid"], told["ce_correlationid"]) == (str(id_of(cause)), "the thread")
