"""One import as its user follows it from a terminal: sent, tried, told, and only then applied."""

import sys
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from msgspec import Struct

from common.cli_progress import Steps
from common.local.trouble import Trouble
from common.remote import PIECE, Remote

IMPORTS = "/v1/territory/imports"
LOOK = 0.3  # seconds between two looks at an import
SHOWN = 20  # findings of a kind
KINDS = ("opened", "closed", "renamed", "moved", "amended", "absent", "unchanged", "refused", "warned")
CHANGES = frozenset({"opened", "closed", "renamed", "moved", "amended"})
AT_WORK = frozenset({"received", "analysing", "decided", "applying"})
GZIP = 31  # zlib's word for it


class Wish(Struct, frozen=True, kw_only=True):
    """What was asked on the command line."""

    file: Path
    apply: bool = False
    close_absent: bool = False
    effective_on: date | None = None
    report: Path | None = None


class Run(Struct, frozen=True, kw_only=True):
    """What we read of an import."""

    id: UUID
    status: str
    effective_on: date
    done: int
    total: int
    source: Mapping[str, str] | None
    counts: Mapping[str, int]
    by_academie: Mapping[str, Mapping[str, int]]
    bassins: Mapping[str, int]
    skipped: Mapping[str, Mapping[str, int]]
    findings: Sequence[Mapping[str, Any]]

    @property
    def changes(self) -> bool:
        return bool(self.counts.keys() & CHANGES or self.bassins)


class DirectoryImport:
    def __init__(self, remote: Remote, wish: Wish) -> None:
        self._remote, self._wish = remote, wish

    def __call__(self) -> int:
        """The exit status: 0 if every line was understood and what was asked is done."""
        with Steps(sys.stderr) as steps:
            tried = self._follow(self._send(steps), steps, "dry run")
        if tried.status == "unreadable":
            print(f"{self._wish.file} cannot be read:", *(f"  {f['detail']}" for f in tried.findings), sep="\n")
            return 1
        print("\n".join(summary(self._wish, tried)))
        for kind in ("refused", "warned"):
            self._show(tried, kind)
        self._save_report(tried)
        self._apply(tried)
        return 1 if tried.counts.get("refused") else 0

    def _send(self, steps: Steps) -> Run:
        wish = self._wish
        asked = {"name": wish.file.name[:200], "close_absent": str(wish.close_absent).lower()}
        asked |= {} if wish.effective_on is None else {"effective_on": wish.effective_on.isoformat()}
        headers = {"Content_Type": "text/csv", "Content_Encoding": "gzip"}
        return run_of(self._remote.post(f"{IMPORTS}?{urlencode(asked)}", packed(wish.file, steps), **headers))

    def _follow(self, run: Run, steps: Steps, name: str) -> Run:
        """Until it is no longer at work.

        Raises:
            Trouble: its process died too often.
        """
        while run.status in AT_WORK:
            steps.at(name, run.done, run.total)
            time.sleep(LOOK)
            run = run_of(self._remote.get(f"{IMPORTS}/{run.id}"))
        if run.status == "failed":
            raise Trouble(f"the {name} was interrupted too often, see the log of territory; then run this again")
        steps.at(name, 1, 1)
        return run

    def _show(self, run: Run, kind: str) -> None:
        """The first lines of a kind, each with where it is in the file."""
        if not (total := run.counts.get(kind)):
            return
        page = self._remote.get(f"{IMPORTS}/{run.id}/report", kind=kind, limit=str(SHOWN))
        more = f", the first {SHOWN} here, all with --report FILE" if total > SHOWN else ""
        print(f"\n{kind}: {total} lines{more}")
        print(*(told for line in page["items"] for told in findings_of(line, kind)), sep="\n")

    def _save_report(self, run: Run) -> None:
        if (file := self._wish.report) is not None:
            try:
                with file.open("wb") as target:
                    self._remote.save(f"{IMPORTS}/{run.id}/report.csv", target)
            except OSError as wrong:
                raise Trouble(f"{file} cannot be written: {wrong}") from wrong
            print(f"\nreport: {file}")

    def _apply(self, tried: Run) -> None:
        if not tried.changes:
            print("\nNothing to apply.")
        elif not self._wish.apply:
            print("\nNothing has changed yet. To make it so: the same command with --apply.")
        else:
            with Steps(sys.stderr) as steps:
                decided = run_of(self._remote.post(f"{IMPORTS}/{tried.id}/application"))
                done = self._follow(decided, steps, "application")
            print(f"\nApplied: {done.done} changes, effective on {done.effective_on}.")


def packed(file: Path, steps: Steps) -> Iterator[bytes]:
    """The file compressed, piece by piece; one that is compressed already as it is."""
    size, sent = file.stat().st_size, 0
    pack = zlib.compressobj(6, wbits=GZIP)
    with file.open("rb") as source:
        compressed = source.read(2) == b"\x1f\x8b"
        source.seek(0)
        while piece := source.read(PIECE):
            steps.at("sending", sent := sent + len(piece), size)
            if out := piece if compressed else pack.compress(piece):
                yield out
    if not compressed:
        yield pack.flush()


def run_of(answer: Any) -> Run:
    return msgspec.convert(answer, Run)


def summary(wish: Wish, run: Run) -> Iterator[str]:
    source = run.source or {}
    read_as = ", ".join(source.get(name, "") for name in ("layout", "encoding"))
    yield f"{wish.file.name}: read as {read_as}, separated by {source.get('delimiter', '')!r}"
    yield f"dry run {run.id}, effective on {run.effective_on}"
    yield ""
    yield from table(run.by_academie)
    if run.bassins:
        yield f"bassins: {', '.join(f'{n} {kind}' for kind, n in sorted(run.bassins.items()))}"
    for why, text in (("not_served", "not served here"), ("not_covered", "that these mandates do not cover")):
        if skipped := run.skipped.get(why):
            yield f"skipped: {sum(skipped.values())} lines of académies {text} ({' '.join(sorted(skipped))})"


def table(by_academie: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    if not by_academie:
        yield "No line is of an académie that is imported here."
        return
    kinds = [kind for kind in KINDS if any(kind in counts for counts in by_academie.values())]
    yield "  ".join(["académie", *(f"{kind:>9}" for kind in kinds)])
    for academie, counts in sorted(by_academie.items()):
        yield "  ".join([f"{academie:8}", *(f"{counts.get(kind, 0):9}" for kind in kinds)])


def findings_of(line: Mapping[str, Any], kind: str) -> Iterator[str]:
    where = f"line {line['line']}" if line["line"] else "not in the file"
    for entry in line["entries"]:
        if entry["kind"] == kind:
            column = f", {entry['column']}" if entry["column"] else ""
            value = f" [{entry['before']}]" if entry["before"] else ""
            yield f"  {where}{column}, {line['name'] or '-'}: {entry['message']}{value}"
