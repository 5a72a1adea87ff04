"""What the rounds of one row come to: medians, their spread, and whether the goal is met."""

from collections.abc import Sequence
from statistics import median

from msgspec import Struct

from benchmarks.row import Goal, Round, Row


class Figures(Struct, frozen=True, kw_only=True):
    """One object of .bassin/bench.json. What could not be measured is null, and `why` says what was missing."""

    row: str
    value: float | None = None
    unit: str
    reference: float | None = None  # in the same unit
    ratio: float | None = None  # the median of the rounds' own ratios: both sides of one round saw the same machine
    spread: float | None = None  # (largest - smallest) / median, of the ratios, or of the values without a reference
    sender: float | None = None  # ms of processor time a command, which the sender itself took from the same cores
    goal: str
    met: bool | None = None  # null: nothing was promised, or nothing measured
    why: str = ""


def of_rounds(row: Row, rounds: Sequence[Round]) -> Figures:
    values = [each.value for each in rounds]
    references = [each.reference for each in rounds if each.reference is not None]
    ratios = [each.value / each.reference for each in rounds if each.reference]
    senders = [each.sender for each in rounds if each.sender is not None]
    value, ratio = median(values), median(ratios) if ratios else None
    met = is_met(row.goal, value, ratio)
    return Figures(
        row=row.name,
        value=value,
        unit=row.unit,
        reference=median(references) if references else None,
        ratio=ratio,
        spread=spread(ratios or values),
        sender=median(senders) if senders else None,
        goal=told(row.goal, row.unit),
        met=met,
        why=row.why if met is False else "",
    )


def remarks(figures: Figures) -> str:
    """What a reader must know beside the figures; "" if there is nothing."""
    sender = "" if figures.sender is None else f"the sender took {figures.sender:.2g} ms of processor time a command"
    return "; ".join(filter(None, (figures.why, sender)))


def absent(row: Row, why: str) -> Figures:
    return Figures(row=row.name, unit=row.unit, goal=told(row.goal, row.unit), why=why)


def spread(values: Sequence[float]) -> float:
    middle = median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def is_met(goal: Goal, value: float, ratio: float | None) -> bool | None:
    """None where nothing was promised."""
    bounds = (
        (ratio, goal.ratio_from, goal.ratio_to),
        (value, goal.value_from, goal.value_to),
    )
    promised = [(found, low, high) for found, low, high in bounds if low is not None or high is not None]
    if not promised:
        return None
    return all(
        found is not None and (low is None or found >= low) and (high is None or found <= high)
        for found, low, high in promised
    )


def told(goal: Goal, unit: str) -> str:
    said = [
        ("ratio >= {:g}", goal.ratio_from),
        ("ratio <= {:g}", goal.ratio_to),
        ("{:,.10g} " + unit + " at least", goal.value_from),
        ("{:,.10g} " + unit + " at most", goal.value_to),
    ]
    return ", ".join(text.format(bound) for text, bound in said if bound is not None)
