"""What the table of `make bench` says is the median of its rounds, and it never calls met what is not."""

from contextlib import AbstractAsyncContextManager
from math import inf
from typing import Any

import msgspec
import pytest
from benchmarks.frame import not_run, result, told
from benchmarks.row import Goal, Round, Row


def row(goal: Goal, why: str = "") -> Row:
    def measure(_: object) -> AbstractAsyncContextManager[Any]:
        raise AssertionError("what is judged here was measured already")

    return Row(name="relay", unit="/s", reference="send", goal=goal, measure=measure, why=why)


def rounds(*pairs: tuple[float, float | None]) -> list[Round]:
    return [Round(*pair) for pair in pairs]


def test_one_slow_round_moves_the_spread_and_not_the_value() -> None:
    line = result(row(Goal()), rounds((100, 50), (10, 50), (110, 50)))

    assert (line.value, line.ratio, line.spread) == (100, 2, 1)


@pytest.mark.parametrize(
    ("goal", "met"),
    [
        (Goal(ratio_from=2, value_from=100), True),
        (Goal(ratio_from=2, value_from=101), False),
        (Goal(ratio_from=2.1), False),
        (Goal(ratio_to=2, value_to=100), True),
        (Goal(ratio_to=1.9), False),
        (Goal(value_to=99), False),
        (Goal(), True),
    ],
)
def test_every_bound_of_a_goal_counts(goal: Goal, *, met: bool) -> None:
    assert result(row(goal), rounds((100, 50), (100, 50))).met is met


def test_a_ratio_that_was_promised_and_has_no_reference_is_not_met() -> None:
    assert result(row(Goal(ratio_from=1)), rounds((100, None))).met is False


def test_what_never_came_is_no_number_and_meets_no_ceiling() -> None:
    line = result(row(Goal(value_to=60)), rounds((inf, inf), (inf, inf), (5, 5)))

    assert (line.value, line.ratio, line.met) == (None, None, False)


def test_only_a_goal_that_is_missed_is_explained() -> None:
    assert result(row(Goal(value_from=1), why="the disk"), rounds((2, None))).why == ""
    assert result(row(Goal(value_from=3), why="the disk"), rounds((2, None))).why == "the disk"


def test_a_row_that_cannot_run_here_is_neither_met_nor_missed() -> None:
    line = not_run(row(Goal(ratio_from=0.7)), "nginx is absent")

    assert (line.met, line.why) == (None, "not run: nginx is absent")


def test_the_report_has_the_keys_that_were_promised() -> None:
    written = msgspec.to_builtins(result(row(Goal()), rounds((1, 1))))

    assert set(written) == {"row", "value", "unit", "reference", "ratio", "spread", "goal", "met"}


def test_a_goal_is_told_in_its_own_unit() -> None:
    assert told(Goal(ratio_from=1.2, value_from=30_000), "/s") == ">= 1.2 times, >= 30,000 /s"
