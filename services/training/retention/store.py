"""The times that an académie set for itself."""

from collections.abc import Mapping
from uuid import uuid5

from common import audit
from common.identifiers import BASSIN, CodeAcademie
from common.tx import Tx


async def own(tx: Tx, academie: CodeAcademie) -> Mapping[str, tuple[int, int]]:
    """Years and revision by kind."""
    return {row["kind"]: (row["years"], row["revision"]) for row in await tx.fetch(READ, academie)}


async def set_years(tx: Tx, academie: CodeAcademie, kind: str, years: int, *, reason: str) -> int:
    """The new revision; who had read another than the one before is refused afterwards, and nothing is kept."""
    revision: int = await tx.fetchval(SET, academie, kind, years)
    about = uuid5(BASSIN, f"paper-retention:{academie}:{kind}")
    audit.record(tx, academie, "paper-retention-set", about, reason=reason, detail={"kind": kind, "years": years})
    return revision


READ = "SELECT kind, years, revision FROM paper_retention WHERE academie = $1"

# Its row is locked by the change itself; who had read another revision is refused, and nothing is kept.
SET = """
INSERT INTO paper_retention AS r (academie, kind, years, revision) VALUES ($1, $2, $3, 1)
ON CONFLICT (academie, kind) DO UPDATE SET years = EXCLUDED.years, revision = r.revision + 1
RETURNING revision
"""
