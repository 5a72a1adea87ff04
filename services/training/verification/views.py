"""What the page of verification reads: one paper, by its number."""

from collections.abc import Collection

import msgspec
from msgspec import Struct

from common.clock import today_in
from common.db import Database
from common.identifiers import CodeAcademie
from training.papers.documents import Content
from training.papers.domain import Kind
from training.verification.domain import Key, Shown, standing


class Found(Struct, frozen=True, kw_only=True):
    """A paper, with what proves that somebody holds it."""

    shown: Shown
    code: str
    sha256: str


async def find(db: Database, served: Collection[CodeAcademie], key: Key | None) -> Found | None:
    """In its own académie and no other: the number says which."""
    if key is None or key.academie not in served:
        return None
    async with db.batch([key.academie]) as tx:
        row = await tx.fetchrow(PAPER, key.academie, key.kind, key.year, key.ordinal)
    if row is None:
        return None
    content = None if row["content"] is None else msgspec.json.decode(row["content"], type=Content)
    shown = Shown(
        kind=key.kind,
        number=row["number"],
        issued_on=today_in(key.academie, row["issued_at"]),
        standing=standing(Kind(key.kind), cancels=row["cancels"] is not None, cancelled=row["ended_at"] is not None),
        ended_on=None if row["ended_at"] is None else today_in(key.academie, row["ended_at"]),
    )
    if content is not None:
        said = {name: getattr(content, name) for name in ("title", "issuer", "name", "school", "lines")}
        shown = msgspec.structs.replace(shown, **said)
    return Found(shown=shown, code=row["code"], sha256=row["sha256"])


PAPER = """
SELECT p.number, p.issued_at, p.cancels, p.code, encode(p.sha256, 'hex') AS sha256, t.content,
    c.issued_at AS ended_at
FROM paper p LEFT JOIN paper c ON (c.academie, c.id) = (p.academie, p.cancelled_by)
LEFT JOIN paper_print t ON (t.academie, t.paper) = (p.academie, p.id)
WHERE (p.academie, p.kind, p.year, p.ordinal) = ($1, $2, $3, $4)
"""
