"""`python -m benchmarks [name]`: every row, or those so named; one table and .bassin/bench.json."""

import asyncio
import sys
import traceback
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks import frame, rows
from benchmarks.frame import Result
from benchmarks.row import NotRun, Row
from common.local.places import ROOT
from common.local.run_servers import RunOwner, RunServers

FIRST = ("relay", "inbox", "command")  # of the rest the platform runs beside what is measured
REPORT = ROOT / ".bassin" / "bench.json"
COLUMNS = ("row", "value", "unit", "reference", "ratio", "spread", "goal", "met", "why")


def chosen(name: str) -> list[Row]:
    files = sorted((each.name for each in iter_modules(rows.__path__)), key=lambda file: (file not in FIRST, file))
    return [row for file in files for row in of(file) if file.startswith(name) or row.name.startswith(name)]


def of(file: str) -> Iterable[Row]:
    found: tuple[Row, ...] = import_module(f"benchmarks.rows.{file}").ROWS
    return found


async def results(wanted: Iterable[Row], servers: RunServers, console: Console) -> tuple[list[Result], bool]:
    """What was measured, and whether every row could be: one that fails does not keep the others from running."""
    found, whole = [], True
    for row in wanted:
        console.print(f"{row.name} ...", style="dim")
        try:
            found.append(await frame.run(row, servers))
        except NotRun as absent:
            found.append(frame.not_run(row, str(absent)))
        except Exception as failure:  # noqa: BLE001 - whatever it is, the table says so
            traceback.print_exc()
            found.append(frame.not_run(row, f"{type(failure).__name__}: {failure}"))
            whole = False
    return found, whole


def table(found: Iterable[Result]) -> Table:
    drawn = Table(*COLUMNS, show_lines=False)
    for each in found:
        drawn.add_row(*shown(each))
    return drawn


def shown(each: Result) -> Iterator[str]:
    for column in COLUMNS:
        match getattr(each, column):
            case None:
                yield "-"
            case bool(met):
                yield "yes" if met else "NO"
            case float(number):
                yield f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"
            case text:
                yield str(text)


def write(found: list[Result], file: Path) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(found)))


def main(name: str = "") -> int:
    console, wanted = Console(width=None if sys.stdout.isatty() else 180), chosen(name)
    if not wanted:
        console.print(f"no row begins with {name!r}")
        return 2
    owner = RunOwner()
    try:
        found, whole = asyncio.run(results(wanted, owner.servers, console))
    finally:
        owner.close()
    write(found, REPORT)
    console.print(table(found))
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
