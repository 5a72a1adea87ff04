"""`make bench`: measure every row, or those named, show one table and write .bassin/bench.json.

Exit status: 0 if every row that this machine can run was measured, 1 if one failed, 2 if no row has that name.
"""

import argparse
import asyncio
import gc
import sys

import uvloop

from benchmarks import report
from benchmarks.figures import Figures
from benchmarks.row import Row
from benchmarks.running import ROUNDS, failed, measured, rows
from common.local.run_servers import RunOwner


async def main(names: list[str], rounds: int) -> int:
    chosen = list(rows(names))
    if not chosen:
        print(f"no row is called {' or '.join(names)}; there are:", *(row.name for row in rows([])), sep="\n  ")
        return 2
    gc.collect()
    gc.freeze()  # as common.service does
    found: list[tuple[Row, Figures]] = []
    owner = RunOwner()
    try:
        for row in chosen:
            found.append((row, await measured(row, owner.servers, rounds)))
            report.write([figures for _, figures in found])
    finally:
        owner.close()
    report.show(found)
    return 1 if any(failed(figures) for _, figures in found) else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help="how the row's name begins, or its module under benchmarks/rows")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as every process of the product
        sys.exit(runner.run(main(asked.names, asked.rounds)))
