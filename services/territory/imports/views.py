"""Following an import and reading its report."""

from datetime import date, datetime
from uuid import UUID

import msgspec
from asyncpg import Record
from msgspec import Struct

from common.imports import Finding
from common.tx import Tx
from territory.imports.domain import Entry, Kind
from territory.imports.lifecycle import Status, UnknownImport


class Import(Struct, frozen=True, kw_only=True):
    """Un import : où il en est, et ce que son essai à blanc a compté."""

    id: UUID
    academie: str
    covered: list[str]
    file_name: str
    close_absent: bool
    effective_on: date
    status: Status
    status_label: str
    received_at: datetime
    analysed_at: datetime | None
    decided_at: datetime | None
    applied_at: datetime | None
    done: int  # bytes read while it is analysed, lines applied while it is applied
    total: int
    source: dict[str, str] | None  # layout, encoding and delimiter
    counts: dict[str, int]  # lines of each kind
    by_academie: dict[str, dict[str, int]]  # the same, each académie's
    bassins: dict[str, int]
    skipped: dict[str, dict[str, int]]  # not served here, not covered by the mandates: lines by académie
    findings: list[Finding]  # why the file cannot be read at all


class ReportLine(Struct, frozen=True, kw_only=True):
    """Une ligne du rapport : ce que le fichier changerait, ou ce qui ne va pas."""

    place: int
    line: int | None
    object: str
    name: str
    academie: str
    kinds: list[Kind]
    entries: list[Entry]


async def imports(tx: Tx, before: tuple[datetime, UUID] | None, limit: int) -> list[Import]:
    """The latest first."""
    at, identifier = before or (None, None)
    return [shown(row) for row in await tx.fetch(LIST, at, identifier, limit)]


async def one(tx: Tx, identifier: UUID) -> Import:
    row = await tx.fetchrow("SELECT * FROM import_run WHERE id = $1", identifier)
    if row is None:
        raise UnknownImport("Aucun import n’a cet identifiant.")
    return shown(row)


async def report(tx: Tx, identifier: UUID, kind: Kind | None, after: int, limit: int) -> list[ReportLine]:
    rows = await tx.fetch(REPORT, identifier, kind, after, limit)
    return [
        ReportLine(
            place=row["place"],
            line=row["line"],
            object=row["object"],
            name=row["name"],
            academie=row["academie"],
            kinds=[Kind(kind) for kind in row["kinds"]],
            entries=msgspec.json.decode(row["entries"], type=list[Entry]),
        )
        for row in rows
    ]


def shown(row: Record) -> Import:
    told = {
        name: msgspec.json.decode(row[name]) for name in ("counts", "by_academie", "bassins", "skipped", "findings")
    }
    source = None if row["source"] is None else msgspec.json.decode(row["source"])
    label = Status(row["status"]).label
    return msgspec.convert({**dict(row), **told, "source": source, "status_label": label}, Import)


LIST = """
SELECT * FROM import_run WHERE $1::timestamptz IS NULL OR (received_at, id) < ($1, $2)
ORDER BY received_at DESC, id DESC LIMIT $3
"""
REPORT = """
SELECT academie, place, line, object, name, kinds, entries FROM import_line
WHERE run = $1 AND ($2::text IS NULL OR $2 = ANY (kinds)) AND place > $3 ORDER BY place LIMIT $4
"""
