"""What training holds of a person: the keys that answers carry, without anything about whoever they are."""

from collections.abc import Mapping
from uuid import UUID

from common.people import Personal
from common.tx import Tx


async def export(tx: Tx, person: UUID) -> Mapping[str, object]:
    return {"named_by": [dict(row) for row in await tx.fetch(NAMED_BY, person)]}


async def erase(tx: Tx, person: UUID) -> Mapping[str, int]:
    """Nothing to blank: a key that hr_networks has blanked leads to nobody, and the counts must not change."""
    return {"keys_kept": len(await tx.fetch(NAMED_BY, person))}


PERSONAL = Personal(export=export, erase=erase)

NAMED_BY = """
SELECT s.academie, s.census, s.uai, c.object FROM census_school s
LEFT JOIN census c ON (c.academie, c.id) = (s.academie, s.census)
WHERE $1 = ANY(s.persons) ORDER BY s.census, s.uai
"""
