"""More than five subjects parked within a minute: something is wrong with all of them, and the consumer stops."""

from uuid import uuid4

import pytest
from tests.service.common import probe
from tests.service.common.conftest import Listen
from tests.service.common.listening import states
from tests.service.common.probe import AMIENS, census, fact

from common import roster
from common.contracts.events import Fact
from common.contracts.hr_networks import FACTS, CensusOpened
from common.inbox import ConsumerStopped
from common.tx import Tx

POISON = "poison"
OF_AMIENS = {"ce_academie": AMIENS, "ce_academies": AMIENS}


async def obey(tx: Tx, heard: Fact[CensusOpened]) -> None:
    if heard.event.object == POISON:
        raise RuntimeError("this one cannot be applied")


async def test_the_sixth_subject_parked_within_a_minute_stops_the_consumer(listen: Listen) -> None:
    listening, subjects, ana = await listen(obey), [uuid4() for _ in range(6)], uuid4()
    wishes = [census(subject, POISON) for subject in subjects]

    with pytest.raises(ConsumerStopped):
        await listening.send(wishes[0], fact(subjects[0], ana), *wishes[1:], fact(ana, ana))

    assert states(await listening.held()) == [("parked", 1), ("waiting", 2), *[("parked", 1)] * 4]
    assert (await listening.noted(ana), await listening.next(FACTS)) == ([], 6)
    assert "more than 5 subjects" in await roster.refusal(listening.inbox)


async def test_what_another_academie_said_later_is_not_passed_over_by_the_stop(listen: Listen) -> None:
    listening, ana, ben = await listen(obey), uuid4(), uuid4()
    wishes = [census(uuid4(), POISON) for _ in range(6)]

    with pytest.raises(ConsumerStopped):
        await listening.hear(
            listening.producer.send(fact(ben, ben), headers=OF_AMIENS),
            *(listening.producer.send(wish) for wish in wishes),
            listening.producer.send(fact(ana, ana), headers=OF_AMIENS),
        )

    assert (await listening.noted(ben), await listening.noted(ana)) == ([1], [])
    assert (states(await listening.held()), await listening.next(FACTS)) == ([("parked", 1)] * 5, 6)


async def test_a_stopped_consumer_applies_nothing_until_it_is_resumed(listen: Listen) -> None:
    listening, ana = await listen(obey), uuid4()
    await roster.stop(listening.inbox, "an operator looks at it")
    sent = listening.producer.send(fact(ana, ana))

    with pytest.raises(ConsumerStopped, match="an operator looks at it"):
        await listening.hear(sent)
    assert await listening.noted(ana) == []

    assert await probe.resume(listening.inbox)
    await listening.hear(sent)
    assert await listening.noted(ana) == [1]


async def test_a_subject_that_is_parked_again_counts_once(listen: Listen) -> None:
    listening, ana = await listen(obey), uuid4()
    parked = [listening.producer.send(census(uuid4(), POISON)) for _ in range(5)]
    await listening.hear(*parked)

    listening.inbox.positions[FACTS, 0] = 0
    await listening.query('UPDATE infra."offset" SET next = 0')
    await listening.hear(*parked, listening.producer.send(fact(ana, ana)))

    assert (await listening.noted(ana), len(await listening.held())) == ([1], 5)


async def test_what_was_parked_more_than_a_minute_ago_does_not_count(listen: Listen) -> None:
    listening = await listen(obey)
    await listening.send(*(census(uuid4(), POISON) for _ in range(5)))
    await listening.query("UPDATE infra.held SET held_at = held_at - interval '61 s'")

    await listening.send(*(census(uuid4(), POISON) for _ in range(5)))

    assert len(await listening.held()) == 10


async def test_what_waited_long_before_it_failed_counts_from_when_it_failed(listen: Listen) -> None:
    listening, subjects = await listen(obey), [uuid4() for _ in range(6)]
    first = [listening.producer.send(fact(s, s)) for s in subjects]
    await listening.hear(*(listening.producer.send(census(s, POISON)) for s in subjects))
    await listening.query("UPDATE infra.held SET held_at = held_at - interval '10 min'")

    with pytest.raises(ConsumerStopped):
        await listening.hear(*first)


async def test_what_was_due_when_the_consumer_stopped_is_tried_after_it_is_resumed(listen: Listen) -> None:
    listening, eve = await listen(obey), uuid4()
    one, two = listening.producer.send(fact(eve, eve)), listening.producer.send(census(eve, POISON))
    await listening.hear(two)
    await listening.send(*(census(uuid4(), POISON) for _ in range(5)))
    with pytest.raises(ConsumerStopped):
        await listening.hear(one)

    await listening.query("UPDATE infra.held SET held_at = held_at - interval '61 s'")
    await probe.resume(listening.inbox)
    await listening.assign()
    await listening.hear(one)

    assert await listening.noted(eve) == [1]
    assert states(await listening.held())[0] == ("parked", 2)
