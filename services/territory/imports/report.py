"""The report as a file that opens in a spreadsheet: one line for each difference and each error."""

from collections.abc import AsyncIterator
from uuid import UUID

from common.db import Database
from common.exports import Row
from common.identity import Agent
from territory.imports import views
from territory.imports.domain import Kind
from territory.imports.views import ReportLine

HEADER = ("Ligne", "Objet", "Identifiant", "Académie", "Résultat", "Colonne", "Avant", "Après", "Message", "Code")
PAGE = 500


async def pages(db: Database, agent: Agent, identifier: UUID, kind: Kind | None) -> AsyncIterator[list[Row]]:
    """Each in a transaction of its own: a long download holds nothing open."""
    after = -1
    while True:
        async with db.transaction(agent) as tx:
            lines = await views.report(tx, identifier, kind, after, PAGE)
        if not lines:
            return
        after = lines[-1].place
        yield [row for line in lines for row in rows_of(line)]


def rows_of(line: ReportLine) -> list[Row]:
    head = (line.line, line.object, line.name, line.academie)
    return [(*head, e.kind.label, e.column, e.before, e.after, e.message, e.code) for e in line.entries]
