"""What a fault is: something done to the running platform by a seed, and what it left."""

import importlib
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from tests.faults.stage import Stage

Figure: TypeAlias = float | int | str
HERE = Path(__file__).parent


class Verdict(Struct):
    """Of one seed: what was measured, and in words whatever does not hold."""

    figures: dict[str, Figure] = msgspec.field(default_factory=dict)
    broken: list[str] = msgspec.field(default_factory=list)
    not_run: str = ""  # what this machine lacks

    def check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.broken.append(otherwise)


class Fault(Struct, frozen=True, kw_only=True):
    """`seeds`: how many schedules a whole run plays; `in_check`: how many `make check` does, 0 for none."""

    name: str
    title: str
    run: "Callable[[Stage, int], Awaitable[Verdict]]"
    seeds: int = 1
    in_check: int = 0
    nodes: int = 1  # of Kafka
    carried: bool = False  # the listener hears through a carrier, and keeps to it until another kind of fault
    waits: bool = False  # for most of its time, and measures no rate: it is played beside others
    busy: bool = False  # it works the machine without a pause, or measures how fast that is: never beside another such
    own_stage: bool = False  # it leaves nothing that another fault could go on from
    least: frozenset[str] = frozenset()  # figures whose smallest value over the seeds is the one to tell
    within: float = 0.0  # seconds that a schedule may take, where it is not as long as others
    lines: int = 20  # of one kind, at level warning or above, that the logs may gain in one schedule
    moves: tuple[str, ...] = ()  # metrics an operator sees move, `service:bassin_name`


def faults() -> dict[str, Fault]:
    """Every fault of this directory, in the order of their numbers."""
    found = sorted(_found(), key=lambda fault: int(fault.name[1:]))
    return {fault.name: fault for fault in found}


def _found() -> Iterator[Fault]:
    for file in sorted(HERE.glob("*.py")):
        if "\nFAULTS" in file.read_text("utf-8"):
            yield from importlib.import_module(f"tests.faults.{file.stem}").FAULTS


def worst(fault: Fault, verdicts: Sequence[Verdict]) -> Mapping[str, Figure]:
    """Of each figure the value to tell: the largest, or for `least` the smallest."""
    told: dict[str, Figure] = {}
    for name in dict.fromkeys(name for verdict in verdicts for name in verdict.figures):
        values = [verdict.figures[name] for verdict in verdicts if name in verdict.figures]
        numbers = [value for value in values if not isinstance(value, str)]
        choose = min if name in fault.least else max
        told[name] = _told(choose(numbers)) if len(numbers) == len(values) else str(values[-1])
    return told


def _told(number: float) -> Figure:
    return round(number, 3) if math.isfinite(number) else "never"  # JSON has no word for it
