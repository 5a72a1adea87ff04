"""Communes that merged into others: files go on naming them for years, and mean the one that is there today."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date
from typing import BinaryIO, Final

from msgspec import Struct

from common.identifiers import CommuneInsee
from common.imports import Column, Finding, Layout, UnreadableFile, open_table

MERGED: Final = Layout(
    "Communes déléguées et associées",
    (
        Column("code", ("code",)),
        Column("successor", ("commune_actuelle", "successor", "chef_lieu", "cheflieu")),
        Column("valid_from", ("valid_from", "date_effet")),
    ),
    (("code",), ("successor",)),
)


class Successor(Struct, frozen=True):
    """The commune that another became part of; without a date, long enough ago for any file."""

    code: CommuneInsee
    valid_from: date | None = None

    def in_force(self, day: date) -> bool:
        return self.valid_from is None or self.valid_from <= day


def extract(source: BinaryIO) -> dict[str, Successor]:
    """Merged communes and the one each is part of, out of a file of communes déléguées et associées.

    A commune déléguée that bears the code of the commune itself is not gone and is left out.

    Raises:
        UnreadableFile: the columns are missing, or a line holds no commune code.
    """
    table = open_table(source, [MERGED])
    found: dict[str, Successor] = {}
    wrong = []
    for row in table.rows():
        try:
            code, successor = CommuneInsee(row.cells["code"]), CommuneInsee(row.cells["successor"])
            since = row.cells.get("valid_from")
            if code != successor:
                found[code] = Successor(successor, date.fromisoformat(since) if since else None)
        except (KeyError, ValueError) as error:
            wrong.append(Finding("invalid-commune", f"Ligne {row.line} : {error}"))
    if wrong:
        raise UnreadableFile(*wrong)
    return dict(sorted(followed(found)))


def followed(found: Mapping[str, Successor]) -> Iterable[tuple[str, Successor]]:
    """A successor that merged in its turn is followed to the commune of today."""
    for code, successor in found.items():
        seen, last = {code}, successor
        while last.code in found and last.code not in seen:
            seen.add(last.code)
            last = Successor(found[last.code].code, last.valid_from)
        yield code, last


def written(successors: Mapping[str, Successor]) -> str:
    """The text of a file that `extract` reads back."""
    text = io.StringIO()
    rows = csv.writer(text, delimiter=";", lineterminator="\n")
    rows.writerow(("code", "successor", "valid_from"))
    rows.writerows((code, s.code, s.valid_from or "") for code, s in sorted(successors.items()))
    return text.getvalue()
