"""What the public page reads: of a meeting everything but people."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from common.identifiers import dec_hook
from common.tx import Tx
from hr_networks.calendar.domain import Bassin, SchoolYear, Slot


class Filter(Struct, frozen=True, kw_only=True):
    year: SchoolYear
    bassin: str | None = None


async def slots(tx: Tx, asked: Filter) -> list[Slot]:
    rows = await tx.fetch(SLOTS, asked.year.begins_on, asked.year.ends_on, asked.bassin)
    return [msgspec.convert(dict(row), Slot, dec_hook=dec_hook) for row in rows]


async def bassins(tx: Tx) -> Sequence[Bassin]:
    return [msgspec.convert(dict(row), Bassin, dec_hook=dec_hook) for row in await tx.fetch(BASSINS)]


# Named one by one: the animateurs stay out.
SLOTS = """
SELECT m.id, m.academie, m.bassin, coalesce(b.name, '') AS bassin_name, m.function, m.starts_at, m.ends_at, m.place,
    m.status, m.sequence, m.changed_at
FROM meeting m LEFT JOIN bassin b ON (b.academie, b.code) = (m.academie, m.bassin)
WHERE m.day BETWEEN $1 AND $2 AND ($3::text IS NULL OR m.bassin = $3)
ORDER BY m.day, m.starts_at, m.bassin, m.id
"""

BASSINS = "SELECT academie, code, name FROM bassin ORDER BY academie, code"
