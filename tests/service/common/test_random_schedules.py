"""Crashes, zombies, restores, repeats and poison in any order, on the real outbox, relay, take-over and inbox.

What is published lies in memory (`simulated`); both databases are PostgreSQL. After each schedule everything is let
run to its end: nothing may be lost, applied twice or out of order, nor published under a version used before.
"""

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from tests.service.common import players, simulated, soundness
from tests.service.common.players import Fragile, Listener, Producer
from tests.service.common.probe import LISTENER, PRODUCER
from tests.service.common.simulated import Copy

from common import relay
from common.clock import Clock
from common.db import Database, connect
from common.migrate import register

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

EXAMPLES, STEPS = 40, 30
SUBJECTS = [UUID(int=number) for number in (1, 2, 3)]
T = TypeVar("T")


class World:
    """Both sides, and the loop they live in; begun anew for each schedule."""

    def __init__(self, runner: asyncio.Runner, *urls: "ServiceUrls") -> None:
        self._runner, self._urls, self._ends = runner, urls, AsyncExitStack()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    async def lay_out(self) -> None:
        self._superusers = [await asyncpg.connect(urls.admin) for urls in self._urls]
        pools = [await connect(urls.app, size=3) for urls in self._urls]
        for pool in pools:
            self._ends.callback(pool.terminate)
        for superuser in self._superusers:
            self._ends.callback(superuser.terminate)
        self._databases = (Database(PRODUCER, pools[0], Clock()), Fragile(LISTENER, pools[1], Clock()))
        for superuser, tables in zip(self._superusers, (players.SAID, players.HEARD), strict=True):
            await superuser.execute(tables)
        await register(self._urls[1].owner, LISTENER, players.handlers(set()).names(), {})
        self._begin()
        self._empty = await self.producer.copies.take(), await self.listener.copies.take()

    def _begin(self) -> None:
        self.producer = Producer(self._urls[0], self._databases[0], self._superusers[0])
        self.listener = Listener(self._databases[1], self._superusers[1], self.producer.topics)

    async def begin_anew(self) -> None:
        self._begin()
        await self.producer.copies.put_back(self._empty[0])
        await self.listener.copies.put_back(self._empty[1])

    async def end_schedule(self) -> None:
        await self.producer.end_slow(well=False)
        await self.producer.end_relay(self.producer.relay)

    async def close(self) -> None:
        await self._ends.aclose()


@pytest.fixture
def world(
    database: "Callable[[str], ServiceUrls]", caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    monkeypatch.setattr(relay, "_beside", Schedules.in_turn.beside)
    monkeypatch.setattr(relay, "BATCH", 2)  # so that a copy is taken, or a process dies, between two batches
    caplog.set_level(logging.CRITICAL)  # what each restore lost, in every schedule
    with asyncio.Runner() as runner:
        found = World(runner, database(PRODUCER), database(LISTENER))
        found.do(found.lay_out())
        yield found
        found.do(found.close())


class Schedules(RuleBasedStateMachine):
    world: ClassVar[World]
    in_turn: ClassVar = simulated.InTurn()

    def __init__(self) -> None:
        super().__init__()
        self.do = self.world.do
        self.do(self.world.begin_anew())
        self.producer, self.listener = self.world.producer, self.world.listener
        self.kept: list[Copy] = [self.do(self.producer.copies.take())]
        self.kept_by_listener: list[Copy] = [self.do(self.listener.copies.take())]

    subject = st.sampled_from(SUBJECTS)
    kinds = st.lists(st.sampled_from(sorted(players.EVENT)), min_size=1, max_size=3)
    which = st.integers(0, 2)

    @rule(subject=subject, kinds=kinds, copied=st.booleans())
    def a_command(self, subject: UUID, kinds: list[str], copied: bool) -> None:
        if not self.producer.busy(subject):
            self.do(self.producer.command(subject, kinds))
        if copied:
            self._keep()

    @precondition(lambda self: not any(map(self.producer.busy, SUBJECTS)))
    @rule(subject=subject, kinds=kinds)
    def a_slow_command_begins(self, subject: UUID, kinds: list[str]) -> None:
        self.do(self.producer.begin_slow(subject, kinds))

    @precondition(lambda self: any(map(self.producer.busy, SUBJECTS)))
    @rule(well=st.booleans())
    def a_slow_command_ends(self, well: bool) -> None:
        self.do(self.producer.end_slow(well=well))

    @rule(
        happens=st.sampled_from(["nothing", "nothing", "death", "tear", "overtaking", "restore", "fail-over"]),
        after=st.booleans(),
        published_first=st.booleans(),
        which=which,
    )
    def the_relay_publishes(self, happens: str, after: bool, published_first: bool = True, which: int = 0) -> None:
        """Something happens while it is at it: before its transaction is committed, or after, before it deletes."""
        self.in_turn.published_first = published_first
        if self.producer.relay is None:
            self.do(self.producer.publish())
        if self.producer.relay is None:
            return
        log = self.producer.relay.log
        log.torn = happens == "tear"
        meanwhile = {
            "death": simulated.die,
            "overtaking": self.producer.overtake,
            "restore": lambda: self._put_back(which, sessions_end=False),
            "fail-over": lambda: self._put_back(which, sessions_end=True),
        }.get(happens, simulated.nothing)
        log.before, log.after = (simulated.nothing, meanwhile) if after else (meanwhile, simulated.nothing)
        self.do(self.producer.publish())

    @rule(subject=subject, batches=which, copied=st.sampled_from(["before", "after"]), after=st.booleans())
    def a_copy_is_put_back_under_a_command(self, subject: UUID, batches: int, copied: str, after: bool) -> None:
        """While the relay publishes it; taken after the command, the copy holds rows that are half published since."""
        self.the_relay_publishes("nothing", after)
        if copied == "before":
            self._keep()
        self.a_command(subject, ["census", "state", "fact", "fact", "state"], copied=copied == "after")
        for _ in range(batches):
            self.the_relay_publishes("nothing", after)
        self.the_relay_publishes("restore", after)

    @rule()
    def the_relay_dies(self) -> None:
        self.do(self.producer.end_relay(self.producer.relay))

    @rule(which=which, sessions_end=st.booleans())
    def the_producer_is_put_back(self, which: int, sessions_end: bool) -> None:
        self.do(self._put_back(which, sessions_end=sessions_end))

    def _keep(self) -> None:
        self.kept.append(self.do(self.producer.copies.take(self.producer.acknowledged)))

    async def _put_back(self, which: int, *, sessions_end: bool) -> None:
        """`which` counts from the newest copy."""
        if sessions_end:
            await simulated.end_sessions(self.producer.superuser, self.producer.urls)
        await self.producer.put_back(self.kept[-1 - which % len(self.kept)])

    @rule()
    def lost_states_are_published_again(self) -> None:
        self.do(self.producer.end_slow(well=True))
        self.do(self.producer.republish())

    @rule(place=st.integers(0, 99), offset=st.integers(0, 99))
    def an_old_record_appears_again(self, place: int, offset: int) -> None:
        places = [place for place, records in self.producer.topics.log.items() if records]
        if places:
            found = places[place % len(places)]
            self.producer.topics.repeat(found, offset % len(self.producer.topics.log[found]))

    @rule(order=st.lists(st.integers(0, 3), min_size=1, max_size=6))
    def records_travel(self, order: list[int]) -> None:
        for place in self.producer.topics.log:
            self.listener.wire.carry(place, order)

    @rule(number=st.integers(1, 6), dies=st.sampled_from(["", "", "before", "after"]))
    def the_listener_polls(self, number: int, dies: str) -> None:
        self.listener.db.dies = dies
        self.do(self.listener.consume(number))
        self.listener.db.dies = ""
        self.do(soundness.marks_jump_over_nothing(self.listener))

    @rule()
    def another_process_of_the_listener_polls(self) -> None:
        self.listener.inbox, self.listener.rival = self.listener.rival, self.listener.inbox
        self.the_listener_polls(4, "")

    @rule()
    def the_listener_is_copied(self) -> None:
        self.kept_by_listener.append(self.do(self.listener.copies.take()))

    @rule(which=which)
    def the_listener_is_put_back(self, which: int) -> None:
        self.do(self.listener.copies.put_back(self.kept_by_listener[-1 - which % len(self.kept_by_listener)]))

    @rule(subject=subject)
    def its_handler_begins_to_fail(self, subject: UUID) -> None:
        self.listener.poisoned.add(subject)

    @rule(subject=subject)
    def its_handler_is_mended(self, subject: UUID) -> None:
        self.listener.poisoned.discard(subject)

    @rule(replay=st.booleans(), which=which)
    def an_operator_replays_or_discards(self, replay: bool, which: int) -> None:
        if not (parked := self.do(self.listener.parked())):
            return
        found = parked[which % len(parked)].id
        if replay:
            self.do(self.listener.replay(found))
        else:
            self.do(self.listener.discard(found))
        self.do(soundness.marks_jump_over_nothing(self.listener))

    @rule()
    def everything_comes_to_rest(self) -> None:
        self.do(self.producer.run_dry())
        self.do(self.listener.run_dry())
        self.do(soundness.the_log_is_sound(self.producer))
        self.do(soundness.the_producer_knows_what_it_said(self.producer))
        self.do(soundness.all_is_applied_once_and_in_order(self.producer, self.listener))

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:  # else the schedule is red already
                self.everything_comes_to_rest()
        finally:
            self.do(self.world.end_schedule())


def test_no_schedule_loses_repeats_or_reorders_anything(world: World) -> None:
    played = type("Schedules", (Schedules,), {"world": world})
    run_state_machine_as_test(
        played,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
