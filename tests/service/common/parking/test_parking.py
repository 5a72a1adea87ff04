"""What an operator does with parked records: each goes on in order, with what waited behind it, or is given up."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from tests.service.common import probe
from tests.service.common.parking.conftest import PARKED, RUBBISH, Scene
from tests.service.common.probe import LILLE, LISTENER

from common import audit
from common.contracts.events import Fact
from common.contracts.hr_networks import CensusOpened
from common.decided import Result, UnknownGap
from common.held import held, show
from common.identity import Agent, Mandate, Role
from common.inbox import Inbox
from common.migrate import upgrade
from common.parking import Desk
from common.tx import ENCODER, Tx

if TYPE_CHECKING:
    from common.migrate import ServiceUrls


async def test_a_parked_record_is_listed_and_shown_with_what_waits_behind_it(scene: Scene) -> None:
    subject = uuid4()
    await scene.arrive(subject, 1, RUBBISH)
    await scene.arrive(subject, 2)
    await scene.arrive(subject, 3)

    [parked] = await held(scene.inbox, PARKED)
    shown = await show(scene.inbox, parked.id)

    assert (parked.subject, parked.version, parked.behind) == (subject, 1, 2)
    assert shown is not None
    assert [(each.version, each.state) for each in shown.waiting] == [(2, "waiting"), (3, "waiting")]
    assert shown.body == "{not json"
    assert shown.headers["ce_aggregateversion"] == "1"
    assert "person_linked" in shown.error


async def test_a_replay_applies_it_and_what_waited_behind_it_in_order(scene: Scene) -> None:
    subject = uuid4()
    await scene.arrive(subject, 1, RUBBISH)
    await scene.arrive(subject, 3)
    await scene.arrive(subject, 2)
    [parked] = await scene.parked()
    await scene.mend(parked, subject)

    assert (await scene.replay(parked)).result is Result.APPLIED

    assert await scene.applied() == [1, 2, 3]
    assert await held(scene.inbox) == []
    assert await scene.audited() == ["parking.replayed"]


async def test_a_replay_that_fails_again_stays_parked_and_says_why(scene: Scene) -> None:
    subject = uuid4()
    await scene.arrive(subject, 1, RUBBISH)
    await scene.arrive(subject, 2)
    [parked] = await scene.parked()

    assert "person_linked" in (await scene.replay(parked)).error

    [again] = await held(scene.inbox, PARKED)
    assert (again.id, again.attempts) == (parked, 2)
    assert await scene.applied() == []


async def test_replaying_twice_applies_once(scene: Scene) -> None:
    subject = uuid4()
    await scene.arrive(subject, 1, RUBBISH)
    [parked] = await scene.parked()
    await scene.mend(parked, subject)
    await scene.replay(parked)

    again = await scene.replay(parked)

    assert (again.result, again.already) == (Result.APPLIED, True)
    assert await scene.applied() == [1]
    assert await scene.audited() == ["parking.replayed"]


async def test_a_record_replayed_before_its_turn_waits_for_it(scene: Scene) -> None:
    subject = uuid4()
    await scene.arrive(subject, 2, RUBBISH)
    [parked] = await scene.parked()
    await scene.mend(parked, subject)

    await scene.replay(parked)
    assert await scene.applied() == []

    await scene.arrive(subject, 1)
    assert await scene.applied() == [1, 2]


async def test_a_discarded_record_is_passed_over_and_what_waited_goes_on(scene: Scene) -> None:
    subject = uuid4()
    await scene.arrive(subject, 1, RUBBISH)
    await scene.arrive(subject, 2)
    [parked] = await scene.parked()

    await scene.discard(parked, "corps illisible, sans conséquence")

    assert await scene.applied() == [2]
    assert await held(scene.inbox) == []
    assert await scene.audited() == ["parking.discarded"]


async def test_a_record_discarded_before_its_turn_is_passed_over_only_then(scene: Scene) -> None:
    subject = uuid4()
    await scene.arrive(subject, 2, RUBBISH)
    await scene.arrive(subject, 3)
    [parked] = await scene.parked()

    await scene.discard(parked, "corps illisible")
    assert await scene.applied() == []

    await scene.arrive(subject, 1)
    assert await scene.applied() == [1, 3]


async def test_a_gap_that_nobody_will_fill_is_given_up_with_a_reason(scene: Scene) -> None:
    subject = uuid4()
    await scene.arrive(subject, 1)
    await scene.arrive(subject, 4)

    assert (await scene.give_up(subject, "publication perdue avec le courtier")).versions == 2

    assert await scene.applied() == [1, 4]
    assert await scene.audited() == ["parking.gap_given_up"]


async def test_no_gap_is_given_up_where_nothing_waits(scene: Scene) -> None:
    subject = uuid4()
    await scene.arrive(subject, 1)

    with pytest.raises(UnknownGap):
        await scene.give_up(subject, "par erreur")

    assert await scene.audited() == []


async def test_the_reason_is_kept_apart_from_the_line_that_is_sealed(scene: Scene) -> None:
    await scene.arrive(uuid4(), 1, RUBBISH)
    [parked] = await scene.parked()

    await scene.discard(parked, "à la demande de l’exploitation")

    [row] = await probe.query(scene.urls, "SELECT reason FROM audit_reason")
    assert row["reason"] == "à la demande de l’exploitation"


async def test_what_a_replay_sets_off_is_not_audited_as_the_operators_act(
    database: "Callable[[str], ServiceUrls]",
) -> None:
    """A reaction decides nothing in the name of who replays, and his own line names him."""

    async def decide(tx: Tx, heard: Fact[CensusOpened]) -> None:
        audit.record(tx, heard.academie, "census.noticed", heard.event.subject)

    urls, table = database(LISTENER), probe.listener(decide)
    await probe.lay_out(urls, table)
    who = Agent(id=uuid4(), academie=LILLE, mandates=(Mandate(role=Role.EXPLOITATION, academie=LILLE),))
    async with probe.opened(LISTENER, urls) as db:
        scene = Scene(Inbox(db, table, [LILLE]), urls)
        opened = probe.census(uuid4())
        await scene.arrive(opened.subject, 1, RUBBISH, type_=CensusOpened.ce_type)
        await probe.query(urls, "UPDATE infra.held SET payload = $1", ENCODER.encode(opened))
        async with db.transaction(who) as tx:
            assert (await Desk(scene.inbox, tx).replay(1)).result is Result.APPLIED

    lines = {row["action"]: row["agent"] for row in await probe.query(urls, "SELECT action, agent FROM audit")}
    assert lines == {"census.noticed": None, "parking.replayed": who.id}


async def test_records_held_before_operators_could_look_for_them_are_found(scene: Scene) -> None:
    """The migration reads the headers of what was held already."""
    sound, pretending = uuid4(), uuid4()
    await scene.arrive(sound, 1, RUBBISH)
    await scene.arrive(pretending, 1, RUBBISH, source="/academies/20/hr_networks")
    await scene.arrive(uuid4(), 1, RUBBISH, readable=False)
    before = [(record.type, record.academie) for record in await held(scene.inbox)]
    await probe.query(scene.urls, "ALTER TABLE infra.held DROP COLUMN academie, DROP COLUMN type")
    await probe.query(scene.urls, "DROP TABLE infra.decided")
    await probe.query(scene.urls, "DELETE FROM infra.alembic_version WHERE version_num = 'c0004'")

    await upgrade(LISTENER, scene.urls.owner)

    assert [(record.type, record.academie) for record in await held(scene.inbox)] == before
    kind = "fr.bassin.hr_networks.person_linked.v1"
    assert before == [(kind, "09"), (kind, None), (None, None)]
