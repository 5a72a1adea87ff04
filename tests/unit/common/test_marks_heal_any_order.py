"""However Kafka repeats and reorders, and whatever is parked meanwhile: once each, in order, nothing jumped over."""

from collections.abc import Sequence
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.common.heard import facts, record, states

from common.marks import HeldState, Record, Subject, Verdict

VERSIONS = st.integers(min_value=1, max_value=8)


class Listening:
    """What a batch does with one subject, without the database; versions in `poison` fail."""

    def __init__(self, subject: Subject, poison: Sequence[int] = ()) -> None:
        self.subject, self.poison = subject, set(poison)
        self.applied: list[int] = []

    def hear(self, arriving: Record) -> Verdict:
        verdict = self.subject.judge(arriving)
        if verdict is Verdict.APPLY:
            self._try(arriving)
        elif verdict is Verdict.WAIT:
            self.subject.hold(arriving, HeldState.WAITING)
        elif verdict is Verdict.PARK:
            self.subject.hold(arriving, HeldState.PARKED, arriving.fault)
        self.drain()
        return verdict

    def drain(self) -> None:
        while (turn := self.subject.due()) is not None:
            self._try(turn)

    def _try(self, turn: Record) -> None:
        assert turn.envelope is not None
        if turn.envelope.version in self.poison:
            self.subject.hold(turn, HeldState.PARKED, "poison")
        else:
            self.subject.applied(turn)
            self.applied.append(turn.envelope.version)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[int, list[int]]:
    """(n, versions as they arrive): every one of 1..n at least once, in any order, some of them again."""
    n = draw(VERSIONS)
    again = draw(st.lists(st.integers(min_value=1, max_value=n), max_size=6))
    return n, draw(st.permutations([*range(1, n + 1), *again]))


@given(deliveries())
def test_every_version_applies_once_and_in_order(given_: tuple[int, list[int]]) -> None:
    n, arriving = given_
    listening = Listening(facts())

    for version in arriving:
        listening.hear(record(version))

    assert listening.applied == list(range(1, n + 1))
    assert listening.subject.held == {}


@given(deliveries(), st.sets(VERSIONS))
def test_what_fails_holds_back_what_follows_until_it_is_replayed(
    given_: tuple[int, list[int]], poison: set[int]
) -> None:
    n, arriving = given_
    first_poison = min((v for v in poison if v <= n), default=n + 1)
    listening = Listening(facts(), list(poison))
    for version in arriving:
        listening.hear(record(version))
    assert listening.applied == list(range(1, first_poison))

    listening.poison = set()
    for version in sorted(poison):
        if held := listening.subject.held.get(version):
            listening.hear(held.record)

    assert listening.applied == list(range(1, n + 1))
    assert listening.subject.held == {}


@given(deliveries(), st.sets(VERSIONS), st.data())
def test_what_is_discarded_is_skipped_in_its_turn_and_never_earlier(
    given_: tuple[int, list[int]], poison: set[int], data: st.DataObject
) -> None:
    """An operator discards a parked record at any moment; records go on arriving before and after."""
    _, arriving = given_
    listening = Listening(facts(), list(poison))
    discarded: set[int] = set()

    for version in arriving:
        listening.hear(record(version, fault="no JSON" if version in poison and version % 2 else ""))
        parked = [v for v, held in listening.subject.held.items() if held.state is HeldState.PARKED]
        for one in parked:
            if data.draw(st.booleans()):
                listening.subject.hold(listening.subject.held[one].record, HeldState.DISCARDED, "given up")
                discarded.add(one)
                listening.drain()
        done = sorted([*listening.applied, *(v for v in discarded if v <= listening.subject.version)])
        assert done == list(range(1, listening.subject.version + 1))
        assert listening.subject.changed <= listening.subject.held.keys()

    assert not discarded.intersection(listening.applied)


@given(st.permutations(range(1, 9)), st.sets(VERSIONS, max_size=4))
def test_a_gap_that_is_given_up_is_the_only_thing_missing(order: list[int], missing: set[int]) -> None:
    listening = Listening(facts())
    for version in order:
        if version not in missing:
            listening.hear(record(version))

    while listening.subject.give_up_missing():
        listening.drain()

    assert listening.applied == [v for v in range(1, 9) if v not in missing]


@given(st.lists(VERSIONS, min_size=1), st.sets(VERSIONS))
def test_of_a_state_only_ever_newer_ones_apply(arriving: list[int], poison: set[int]) -> None:
    listening = Listening(states(), list(poison))

    for version in arriving:
        listening.hear(record(version))

    assert listening.applied == sorted(set(listening.applied))
    sound = [v for v in arriving if v not in poison]
    assert max(listening.applied, default=0) == max(sound, default=0)
    assert all(v > listening.subject.version for v in listening.subject.held)


@given(deliveries(), st.lists(st.tuples(VERSIONS, st.uuids()), max_size=4))
def test_a_forged_version_displaces_nothing_that_came_before(
    given_: tuple[int, list[int]], forged: list[tuple[int, UUID]]
) -> None:
    n, arriving = given_
    listening = Listening(facts())
    for version in arriving:
        listening.hear(record(version))

    verdicts = [listening.hear(record(v, identifier=other)) for v, other in forged if v <= n]

    assert listening.applied[:n] == list(range(1, n + 1))
    assert Verdict.APPLY not in verdicts
