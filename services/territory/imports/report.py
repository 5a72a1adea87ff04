"""The report as a file that opens in a spreadsheet, written as it is read: 65,000 lines are never held at once."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import TypeAlias
from uuid import UUID

from common.db import Database
from common.exports import DIALECTS, Dialect, Profil
from common.identity import Agent
from territory.imports import views
from territory.imports.domain import Kind
from territory.imports.views import ReportLine

HEADER = ("Ligne", "Objet", "Identifiant", "Académie", "Résultat", "Colonne", "Avant", "Après", "Message", "Code")
PAGE = 500
Row: TypeAlias = Sequence[str | int | None]


async def csv_report(
    db: Database, agent: Agent, identifier: UUID, kind: Kind | None, profil: Profil
) -> AsyncIterator[bytes]:
    """Page by page, each in a transaction of its own: a long download holds nothing open."""
    dialect, after = DIALECTS[profil], -1
    yield dialect.start + encoded([HEADER], dialect)
    while True:
        async with db.transaction(agent) as tx:
            lines = await views.report(tx, identifier, kind, after, PAGE)
        if not lines:
            return
        after = lines[-1].place
        yield encoded([row for line in lines for row in rows_of(line)], dialect)


def rows_of(line: ReportLine) -> list[Row]:
    head = (line.line, line.object, line.name, line.academie)
    return [(*head, e.kind.label, e.column, e.before, e.after, e.message, e.code) for e in line.entries]


def encoded(rows: Iterable[Row], dialect: Dialect) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=dialect.delimiter, lineterminator="\r\n")
    writer.writerows([dialect.cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode()
