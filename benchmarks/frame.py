"""From rounds to one line of the table: medians, the spread between rounds, and whether what was promised holds."""

from collections.abc import Sequence
from math import isfinite
from statistics import median

from msgspec import Struct

from benchmarks.row import Goal, Round, Row
from common.local.run_servers import RunServers

ROUNDS = 5


class Result(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """As `.bassin/bench.json` holds it; null is what could not be measured, or never came."""

    row: str
    value: float | None
    unit: str
    reference: str
    ratio: float | None
    spread: float | None
    goal: str
    met: bool | None
    why: str = ""


async def run(row: Row, servers: RunServers, rounds: int = ROUNDS) -> Result:
    """Ours and the reference's turn alternate within each round, so that both meet the same machine."""
    async with row.measure(servers) as one_round:
        return result(row, [await one_round() for _ in range(rounds)])


def result(row: Row, rounds: Sequence[Round]) -> Result:
    value = median(each.value for each in rounds)
    references = [each.reference for each in rounds if each.reference is not None]
    ratio = value / median(references) if references else None
    return Result(
        row=row.name,
        value=finite(value),
        unit=row.unit,
        reference=row.reference,
        ratio=finite(ratio),
        spread=finite(spread([each.value for each in rounds])),
        goal=told(row.goal, row.unit),
        met=met(row.goal, value, ratio),
        why="" if met(row.goal, value, ratio) else row.why,
    )


def not_run(row: Row, why: str) -> Result:
    return Result(
        row=row.name,
        value=None,
        unit=row.unit,
        reference=row.reference,
        ratio=None,
        spread=None,
        goal=told(row.goal, row.unit),
        met=None,
        why=f"not run: {why}",
    )


def spread(values: Sequence[float]) -> float:
    """(max - min) / median."""
    return (max(values) - min(values)) / median(values)


def met(goal: Goal, value: float, ratio: float | None) -> bool:
    """Each bound that is given holds; a ratio that is no number holds none."""
    floors = ((goal.value_from, value), (goal.ratio_from, ratio))
    ceilings = ((goal.value_to, value), (goal.ratio_to, ratio))
    above = all(bound is None or (seen is not None and seen >= bound) for bound, seen in floors)
    return above and all(bound is None or (seen is not None and seen <= bound) for bound, seen in ceilings)


def told(goal: Goal, unit: str) -> str:
    bounds = (
        (">=", goal.ratio_from, "times"),
        ("<=", goal.ratio_to, "times"),
        (">=", goal.value_from, unit),
        ("<=", goal.value_to, unit),
    )
    words = [f"{sign} {bound:,g} {of}" for sign, bound, of in bounds if bound is not None]
    return ", ".join(words) or "none"


def finite(number: float | None) -> float | None:
    return number if number is not None and isfinite(number) else None
