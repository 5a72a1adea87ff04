"""One batch, one transaction: each record once, in order per subject, whatever is repeated, missing or out of order."""

from uuid import uuid4

import pytest
from tests.service.common.conftest import Listen
from tests.service.common.listening import id_of, states, verdicts
from tests.service.common.probe import AMIENS, LILLE, census, fact, state

from common import metrics
from common.contracts.hr_networks import FACTS, PEOPLE, SchoolAddressed
from common.inbox import Moved
from common.marks import Verdict


def of(academie: str) -> dict[str, str]:
    return {"ce_academie": academie, "ce_academies": academie}


LATER = {"ce_type": "fr.bassin.hr_networks.of_a_later_release.v1"}


async def test_a_batch_applies_in_order_and_moves_mark_and_place(listen: Listen) -> None:
    listening, ana, ben = await listen(), uuid4(), uuid4()

    await listening.send(fact(ana, ben), fact(ben, ana), fact(ana, ana), state(ana, "Petit"))

    assert (await listening.noted(ana), await listening.noted(ben)) == ([1, 2], [1])
    assert (await listening.mark(ben), await listening.next(FACTS), await listening.next(PEOPLE)) == (1, 3, 1)


async def test_two_academies_in_turn_cost_no_more_round_trips_than_one_after_the_other(listen: Listen) -> None:
    listening, ana = await listen(), uuid4()
    counted = metrics.db_round_trips.labels(listening.db.service)
    costs = []
    for turns in ([LILLE, AMIENS] * 20, [LILLE] * 20 + [AMIENS] * 20):
        sent = [listening.producer.send(fact(uuid4(), ana), headers=of(academie)) for academie in turns]
        before = counted._value.get()
        await listening.hear(*sent)
        costs.append(counted._value.get() - before)

    assert costs[0] == costs[1] < 20


async def test_a_subject_of_two_academies_in_turn_keeps_its_order(listen: Listen) -> None:
    listening, ana, ben = await listen(), uuid4(), uuid4()
    turns = [(ana, LILLE), (ben, AMIENS), (ana, AMIENS), (ana, LILLE)]

    await listening.hear(*(listening.producer.send(fact(who, who), headers=of(academie)) for who, academie in turns))

    assert (await listening.noted(ana), await listening.noted(ben)) == ([1, 2, 3], [1])
    assert await listening.held() == []


async def test_what_is_delivered_again_is_dropped(listen: Listen) -> None:
    listening, ana = await listen(), uuid4()
    sent = [listening.producer.send(fact(ana, uuid4())) for _ in range(3)]

    await listening.hear(*sent, sent[1], sent[0])
    outcome = await listening.hear(*sent)

    assert await listening.noted(ana) == [1, 2, 3]
    assert verdicts(outcome) == {Verdict.DUPLICATE: 3}


async def test_a_record_waits_for_the_one_before_it_and_then_drains_by_itself(listen: Listen) -> None:
    listening, ana, ben = await listen(), uuid4(), uuid4()
    one, two, three, four = (listening.producer.send(fact(ana, uuid4())) for _ in range(4))
    other = listening.producer.send(fact(ben, ana))

    await listening.hear(one, four, three, other)
    assert (await listening.noted(ana), await listening.noted(ben)) == ([1], [1])
    assert sorted(states(await listening.held())) == [("waiting", 3), ("waiting", 4)]

    await listening.hear(two)
    assert await listening.noted(ana) == [1, 2, 3, 4]
    assert (await listening.held(), await listening.mark(ana)) == ([], 4)


async def test_a_type_that_nobody_hears_moves_the_mark_undecoded(listen: Listen) -> None:
    listening, ana = await listen(), uuid4()
    unheard = SchoolAddressed(subject=ana, census=ana, uai="0590318A")

    await listening.hear(
        listening.producer.send(unheard, value=b"\xff no JSON"),
        listening.producer.send(unheard, value=None, headers=LATER),
        listening.producer.send(fact(ana, ana)),
    )

    assert await listening.noted(ana) == [3]


async def test_another_event_under_the_last_version_is_recorded_as_a_fork_and_dropped(listen: Listen) -> None:
    listening, ana = await listen(), uuid4()
    first = listening.producer.send(fact(ana, uuid4()))
    late = listening.producer.send(fact(ana, uuid4()), version=1)

    outcome = await listening.hear(first, late, listening.producer.send(fact(ana, uuid4()), version=2))

    [fork] = await listening.query("SELECT applied, dropped, version FROM infra.fork")
    assert (fork["applied"], fork["dropped"], fork["version"]) == (id_of(first), id_of(late), 1)
    assert (verdicts(outcome)[Verdict.FORK], await listening.noted(ana)) == (1, [1, 2])


async def test_any_newer_state_applies_and_older_ones_are_dropped(listen: Listen) -> None:
    listening, ana = await listen(), uuid4()

    await listening.hear(*(listening.producer.send(state(ana, f"n° {v}"), version=v) for v in (2, 7, 5, 7)))

    [kept] = await listening.query("SELECT version, name FROM probe_state")
    assert (kept["version"], kept["name"], await listening.mark(ana)) == (7, "n° 7", 7)


async def test_a_replica_that_slept_through_a_rebalance_applies_nothing_and_learns_where_to_go_on(
    listen: Listen,
) -> None:
    listening, ana = await listen(), uuid4()
    asleep, sent = listening.replica(), [listening.producer.send(fact(ana, uuid4())) for _ in range(3)]
    await listening.assign(asleep)
    await listening.hear(*sent[:2])

    with pytest.raises(Moved) as moved:
        await asleep.apply(sent)

    assert moved.value.positions == {(FACTS, 0): 2}
    assert await listening.noted(ana) == [1, 2]


async def test_a_restored_database_reads_again_what_it_forgot(listen: Listen) -> None:
    listening, ana = await listen(), uuid4()
    sent = [listening.producer.send(fact(ana, uuid4())) for _ in range(4)]
    await listening.hear(*sent[:3])
    await listening.query("DELETE FROM probe_note WHERE version > 1")
    await listening.query("UPDATE infra.inbox SET version = 1, event_id = $1", id_of(sent[0]))
    await listening.query('UPDATE infra."offset" SET next = 1 WHERE stream = $1', FACTS)

    with pytest.raises(Moved) as moved:
        await listening.hear(sent[3])
    listening.inbox.positions.update(moved.value.positions)
    await listening.hear(*sent[1:])

    assert await listening.noted(ana) == [1, 2, 3, 4]


async def test_offsets_of_transaction_markers_do_not_look_like_a_restore(listen: Listen) -> None:
    listening, ana = await listen(), uuid4()
    sent = [listening.producer.send(fact(ana, uuid4())) for _ in range(2)]

    await listening.hear(sent[0])
    for _ in range(5):
        listening.producer.send(census(uuid4()))  # five offsets that never arrive
    await listening.hear(listening.producer.send(fact(ana, uuid4()), version=2))

    assert await listening.noted(ana) == [1, 2]
