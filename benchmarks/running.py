"""Rows one after the other, each side of a round after the other, so that both see the same machine."""

import importlib
import sys
import time
import traceback
from collections.abc import Iterator, Sequence

from benchmarks.figures import Figures, absent, of_rounds
from benchmarks.row import NotRun, Row
from common.local.run_servers import RunServers

MODULES: tuple[str, ...] = (
    "relay",
    "projection",
    "reaction",
    "imports",
    "growth",
    "command",
    "gateway",
    "read",
    "read_growth",
)
MODULES += ("latency", "sustained", "ready")
ROUNDS = 5
FAILED = "failed: "


def rows(names: Sequence[str]) -> Iterator[Row]:
    """All of them, or those whose name begins as asked or whose module is named."""
    for module in MODULES:
        for row in importlib.import_module(f"benchmarks.rows.{module}").ROWS:
            if not names or any(module == name or row.name.startswith(name) for name in names):
                yield row


async def measured(row: Row, servers: RunServers, number: int) -> Figures:
    """Whatever goes wrong is this row's own trouble: the others are measured."""
    began = time.perf_counter()
    try:
        async with row.measure(servers) as one_round:
            found = of_rounds(row, [await one_round() for _ in range(number)])
    except NotRun as missing:
        found = absent(row, f"not run: {missing}")
    except Exception as error:  # noqa: BLE001 - told in the table, and by the exit status
        traceback.print_exc()
        found = absent(row, f"{FAILED}{type(error).__name__}: {error}".splitlines()[0])
    print(f"{row.name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    return found


def failed(figures: Figures) -> bool:
    return figures.why.startswith(FAILED)
