"""What the coordination reads of its exports: totals and digest, and the bytes as they were sent."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from common.identifiers import CodeAcademie, dec_hook
from common.tx import Tx
from payroll.exports.domain import Column, FileForgotten, UnknownExport


class ColumnsView(Struct, frozen=True, kw_only=True):
    """Les colonnes du fichier d’une académie ; révision 0 : celles par défaut."""

    academie: CodeAcademie
    columns: tuple[Column, ...]
    revision: int

    @property
    def etag(self) -> str:
        return f'"{self.revision}"'


class ExportView(Struct, frozen=True, kw_only=True):
    """Une transmission : nombre de lignes, total de contrôle en centimes, empreinte du fichier."""

    id: UUID
    academie: CodeAcademie
    campaign: UUID
    exported_at: datetime
    lines: int
    total: int
    sha256: str
    keep_until: date
    kept: bool = True  # False: its legal retention has ended
    acknowledged: int = 0
    rejected: int = 0
    revision: int = 1

    @property
    def etag(self) -> str:
        return f'"{self.revision}"'


class SentFile(Struct, frozen=True, kw_only=True):
    academie: str
    content: bytes
    sha256: bytes


async def exports(
    tx: Tx, academies: Sequence[CodeAcademie], campaign: UUID | None, after: UUID | None, limit: int
) -> list[ExportView]:
    """The newest first: their ids are in the order of time."""
    rows = await tx.fetch(LIST, list(academies), campaign, after, limit)
    return [msgspec.convert(dict(row), ExportView, dec_hook=dec_hook) for row in rows]


async def export(tx: Tx, academies: Sequence[CodeAcademie], asked: UUID) -> ExportView:
    row = await tx.fetchrow(ONE, list(academies), asked)
    if row is None:
        raise UnknownExport
    return msgspec.convert(dict(row), ExportView, dec_hook=dec_hook)


async def file(tx: Tx, academies: Sequence[CodeAcademie], asked: UUID) -> SentFile:
    row = await tx.fetchrow(FILE, list(academies), asked)
    if row is None:
        raise UnknownExport
    if row["content"] is None:
        raise FileForgotten
    return SentFile(academie=row["academie"], content=row["content"], sha256=row["sha256"])


EXPORT = """
SELECT x.id, x.academie, x.campaign, x.exported_at, x.lines, x.total, encode(x.sha256, 'hex') AS sha256,
    x.content IS NOT NULL AS kept, x.keep_until, n.acknowledged, n.rejected, x.revision
FROM export x CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE status = 'acknowledged') AS acknowledged,
        count(*) FILTER (WHERE status = 'rejected') AS rejected
    FROM element e WHERE (e.academie, e.export) = (x.academie, x.id)
) n
WHERE x.academie = ANY($1)
"""

LIST = f"""
{EXPORT} AND ($2::uuid IS NULL OR x.campaign = $2) AND ($3::uuid IS NULL OR x.id < $3) ORDER BY x.id DESC LIMIT $4
"""

ONE = f"{EXPORT} AND x.id = $2"

FILE = "SELECT academie, content, sha256 FROM export WHERE academie = ANY($1) AND id = $2"
