"""`python -m benchmarks.page` puts the last run of `make bench` into docs/performance.md."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from benchmarks.figures import Figures, remarks
from benchmarks.report import JSON, number
from common.local.places import ROOT

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- figures: python -m benchmarks.page -->", "<!-- end of figures -->"
MET = {True: "met", False: "**missed**", None: ""}


def table(found: Sequence[Figures]) -> str:
    lines = ["| Row | Value | Reference | Ratio | Spread | Goal | |", "| --- | --- | --- | --- | --- | --- | --- |"]
    return "\n".join([*lines, *map(line, found)])


def line(figures: Figures) -> str:
    value = "-" if figures.value is None else f"{number(figures.value)} {figures.unit}"
    reference = "" if figures.reference is None else number(figures.reference)
    ratio = "" if figures.ratio is None else f"{figures.ratio:.2f}"
    percent = "" if figures.spread is None else f"{figures.spread:.0%}"
    said = remarks(figures)
    verdict = f"{MET[figures.met]}{f': {said}' if said else ''}".removeprefix(": ")
    return f"| {figures.row} | {value} | {reference} | {ratio} | {percent} | {figures.goal} | {verdict} |"


def replaced(page: str, found: Sequence[Figures], said: str) -> str:
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{said}\n\n{table(found)}\n{END}{after}"


def main() -> None:
    found = msgspec.json.decode(JSON.read_bytes(), type=list[Figures])
    when = datetime.fromtimestamp(Path(JSON).stat().st_mtime, UTC)
    said = f"Run of {when:%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, load average then {os.getloadavg()[2]:.1f}."
    PAGE.write_text(replaced(PAGE.read_text(), found, said))


if __name__ == "__main__":
    main()
