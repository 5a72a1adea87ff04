"""Each set of the checker, red once: a proof that cannot fail proves nothing."""

import pytest
from tests.faults.checker import Command, Effect, Outcome, Sets, backwards, judge, told_twice, unequal
from tests.faults.soak import risen

NOTHING = Sets(lost=0, phantom=0, twice=0, order=0, crossed=0)


def said(*versions: int, outcome: Outcome = Outcome.ACKNOWLEDGED, academie: str = "09") -> list[Command]:
    return [Command(academie, "school", version, outcome) for version in versions]


def done(*versions: int, academie: str = "09", seen: str = "09") -> list[Effect]:
    return [Effect(academie, seen, "school", version) for version in versions]


def test_what_was_acknowledged_and_applied_once_in_order_is_right() -> None:
    assert judge(said(1, 2, 3), done(1, 2, 3)) == NOTHING


def test_what_was_acknowledged_and_not_applied_is_lost() -> None:
    assert judge(said(1, 2), done(1)).broken() == ["lost 1"]


def test_what_nobody_asked_for_is_a_phantom() -> None:
    assert judge(said(1), done(1, 2)).broken() == ["phantom 1"]


def test_what_was_refused_and_applied_is_a_phantom() -> None:
    assert judge([*said(1), *said(2, outcome=Outcome.REFUSED)], done(1, 2)).broken() == ["phantom 1"]


@pytest.mark.parametrize("applied", [(1,), (1, 2)])
def test_an_indeterminate_command_may_be_applied_or_not(applied: tuple[int, ...]) -> None:
    assert judge([*said(1), *said(2, outcome=Outcome.INDETERMINATE)], done(*applied)) == NOTHING


def test_an_effect_that_comes_again_is_applied_twice() -> None:
    assert judge(said(1, 2), done(1, 2, 2)).broken() == ["twice 1"]


def test_an_effect_before_its_predecessor_is_out_of_order() -> None:
    assert judge(said(1, 2, 3), done(2, 1, 3)).order > 0


def test_the_first_effect_follows_what_was_applied_before() -> None:
    assert judge(said(5), done(5), before={"school": 4}) == NOTHING
    assert judge(said(5), done(5), before={"school": 3}).broken() == ["order 1"]


def test_what_an_operator_gave_up_is_neither_lost_nor_a_gap() -> None:
    assert judge(said(1, 2, 3), done(1, 3), given_up=frozenset({("school", 2)})) == NOTHING


@pytest.mark.parametrize("effect", [done(1, academie="20", seen="20"), done(1, seen="09,20"), done(1, seen="")])
def test_an_effect_of_another_academie_or_in_sight_of_it_has_crossed(effect: list[Effect]) -> None:
    assert judge(said(1), effect).broken() == ["crossed 1"]


def test_sums_that_must_agree_and_do_not_are_counted() -> None:
    assert judge([], [], balance=unequal({"09": 3, "20": 1}, {"09": 3, "20": 2})).broken() == ["balance 1"]
    assert unequal({"09": 3}, {"09": 3, "20": 0}) == 0


def test_a_topic_that_tells_an_event_twice_is_found() -> None:
    assert told_twice(["a", "b", "a", "a"]) == 2


def test_versions_of_a_topic_must_follow_or_rise() -> None:
    facts = [("a", 1), ("b", 7), ("a", 2), ("a", 4)]

    assert backwards(facts, gaps=False) == 1
    assert backwards(facts, gaps=True) == 0
    assert backwards([*facts, ("a", 4), ("a", 3)], gaps=True) == 2


def test_what_rises_is_told_whole_and_a_few_odd_looks_are_not() -> None:
    rising = [(float(second), 100.0 + second) for second in range(60)]
    flat_but = [(at, 100.0 if at % 10 else 900.0) for at, _ in rising]

    assert risen(rising) == pytest.approx(59)
    assert risen(flat_but) == 0
