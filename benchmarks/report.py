"""The one table that people read, and the JSON that other programs do."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figures, remarks
from benchmarks.row import Row
from common.local.places import ROOT

JSON = ROOT / ".bassin" / "bench.json"
WIDE = 160  # columns, where no terminal says how many there are
VERDICT = {True: "met", False: "[red]missed[/red]", None: "-"}


def table(found: Sequence[tuple[Row, Figures]]) -> Table:
    made = Table("Row", "Value", "Reference", "Ratio", "Spread", "Goal", "", title="Bassin, measured", expand=False)
    for row, figures in found:
        reference = row.reference if figures.reference is None else f"{number(figures.reference)}  {row.reference}"
        percent = "" if figures.spread is None else f"{figures.spread:.0%}"
        value = "" if figures.value is None else f"{number(figures.value)} {figures.unit}"
        ratio = "" if figures.ratio is None else f"{figures.ratio:.2f}"
        verdict = VERDICT[figures.met]
        made.add_row(row.name, value, reference, ratio, percent, figures.goal, verdict)
    return made


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def show(found: Sequence[tuple[Row, Figures]], *, console: Console | None = None) -> None:
    made = console or Console()
    if not made.is_terminal:
        made.width = WIDE
    made.print(table(found))
    for row, figures in found:
        if said := remarks(figures):
            made.print(f"{row.name}: {said}", style="dim", markup=False, highlight=False, soft_wrap=True)


def write(found: Sequence[Figures], file: Path = JSON) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
