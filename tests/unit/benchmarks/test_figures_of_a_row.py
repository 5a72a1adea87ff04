"""What the benchmark makes of its rounds: medians of paired ratios, their spread, a goal that can be missed."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import cast
from xml.etree import ElementTree

import msgspec
import pytest
from benchmarks import gantt, page, report
from benchmarks.figures import absent, is_met, of_rounds, spread
from benchmarks.row import Goal, NotRun, Round, Row
from benchmarks.running import failed, measured
from rich.console import Console

from common.local.run_servers import RunServers

NO_SERVERS = cast("RunServers", None)  # no row of these tests asks for one


def row(*rounds: Round, goal: Goal = Goal(), why: str = "", error: Exception | None = None) -> Row:  # noqa: B008
    @asynccontextmanager
    async def measure(_: RunServers) -> AsyncIterator[Callable[[], Awaitable[Round]]]:
        left = iter(rounds)

        async def one_round() -> Round:
            if error is not None:
                raise error
            return next(left)

        yield one_round

    return Row(name="row", unit="/s", reference="another", goal=goal, measure=measure, why=why)


def test_the_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    rounds = [Round(10, 10), Round(100, 50), Round(30, 10)]  # ratios 1, 2, 3; the medians' own ratio would be 3

    found = of_rounds(row(), rounds)

    assert (found.value, found.reference, found.ratio, found.spread) == (30, 10, 2, 1.0)


def test_without_a_reference_the_spread_is_that_of_the_values() -> None:
    found = of_rounds(row(), [Round(90), Round(100), Round(120)])

    assert (found.value, found.reference, found.ratio, found.spread) == (100, None, None, 0.3)


def test_a_spread_of_nothing_is_none() -> None:
    assert spread([0, 0]) == 0


@pytest.mark.parametrize(
    ("goal", "value", "ratio", "met"),
    [
        (Goal(ratio_from=0.9), 1, 0.9, True),
        (Goal(ratio_from=0.9), 1, 0.89, False),
        (Goal(ratio_to=3), 1, 3.1, False),
        (Goal(value_from=500), 500, None, True),
        (Goal(value_to=60), 61, None, False),
        (Goal(ratio_from=1.2, value_from=30_000), 29_999, 1.3, False),
        (Goal(ratio_from=1.2, value_from=30_000), 30_000, 1.2, True),
        (Goal(ratio_from=1), 5, None, False),
        (Goal(), 5, 5, None),
    ],
)
def test_a_goal_is_met_only_if_every_bound_holds(
    goal: Goal, value: float, ratio: float | None, met: bool | None
) -> None:
    assert is_met(goal, value, ratio) is met


def test_why_is_told_of_a_missed_goal_only() -> None:
    slow = row(goal=Goal(value_from=2), why="one core")

    assert of_rounds(slow, [Round(1)]).why == "one core"
    assert of_rounds(slow, [Round(3)]).why == ""


def test_what_the_sender_took_is_told_even_of_a_row_that_met_its_goal() -> None:
    found = of_rounds(row(goal=Goal(value_from=2)), [Round(3, sender=0.2), Round(3, sender=0.4), Round(3, sender=0.3)])

    assert (found.met, found.sender) == (True, 0.3)
    assert page.line(found).endswith("| met: the sender took 0.3 ms of processor time a command |")


async def test_as_many_rounds_are_measured_as_asked() -> None:
    found = await measured(row(Round(1), Round(2), Round(3), Round(50)), NO_SERVERS, 3)

    assert found.value == 2


async def test_what_is_absent_is_told_and_fails_nothing() -> None:
    found = await measured(row(error=NotRun("nginx is absent")), NO_SERVERS, 1)

    assert (found.why, found.value, found.met) == ("not run: nginx is absent", None, None)
    assert not failed(found)


async def test_a_row_that_breaks_fails_and_says_how() -> None:
    found = await measured(row(error=ValueError("broken\nmore")), NO_SERVERS, 1)

    assert found.why == "failed: ValueError: broken"
    assert failed(found)


def test_the_json_has_the_keys_that_were_promised(tmp_path: Path) -> None:
    rows = [of_rounds(row(), [Round(1, 2)]), absent(row(), "not run: nginx is absent")]

    report.write(rows, tmp_path / "bench.json")

    read = msgspec.json.decode((tmp_path / "bench.json").read_bytes())
    assert [set(each) for each in read] == [
        {"row", "value", "unit", "reference", "ratio", "spread", "sender", "goal", "met", "why"}
    ] * 2


def test_the_table_says_what_was_missed_and_why() -> None:
    console = Console(record=True, width=160, file=StringIO())
    slow = row(goal=Goal(ratio_from=0.9), why="two cores for three processes")

    report.show([(slow, of_rounds(slow, [Round(1, 2)]))], console=console)

    said = console.export_text()
    assert "missed" in said
    assert "ratio >= 0.9" in said
    assert "two cores for three processes" in said


def test_the_page_gets_the_last_run_and_keeps_its_words() -> None:
    slow = of_rounds(row(goal=Goal(ratio_from=0.9), why="two cores"), [Round(1, 2)])
    before = f"Words.\n{page.BEGIN}\n| old |\n{page.END}\nMore words.\n"

    after = page.replaced(before, [slow, absent(row(), "not run: nginx is absent")], "Run of today.")

    assert page.replaced(after, [slow], "Run of today.").startswith(f"Words.\n{page.BEGIN}\nRun of today.\n\n| Row |")
    assert "| row | 1 /s | 2 | 0.50 | 0% | ratio >= 0.9 | **missed**: two cores |" in after
    assert "| row | - |  |  |  |  | not run: nginx is absent |" in after
    assert "old" not in after
    assert after.endswith("\nMore words.\n")


def test_a_plot_is_as_long_as_its_last_hop() -> None:
    plot = gantt.draw("A & B", [gantt.Hop("first", 0, 10), gantt.Hop("last", 10, 40)])

    assert ElementTree.fromstring(plot).get("viewBox") == f"0 0 {gantt.WIDTH} {gantt.TOP + 2 * gantt.ROW + 30}"
    assert "A &amp; B" in plot
    assert f'x="{gantt.LEFT + gantt.FULL / 4:.1f}"' in plot
