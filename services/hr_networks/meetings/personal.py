"""What meetings hold of a person: ids only, which an erasure leaves, for counts and pay rest on them."""

from collections.abc import Mapping
from uuid import UUID

from common.tx import Tx


async def held(tx: Tx, person: UUID) -> Mapping[str, object]:
    found = {
        "trained": TRAINED,
        "animated": ANIMATED,
        "autorisations": AUTORISATIONS,
        "presences": PRESENCES,
    }
    return {name: [dict(row) for row in await tx.fetch(sql, person)] for name, sql in found.items()}


TRAINED = """
SELECT academie, offer, module, rank, bassin, followed FROM module_attendance WHERE person = $1 ORDER BY offer, rank
"""

ANIMATED = """
SELECT academie, id AS meeting, bassin, starts_at, ends_at, place, status FROM meeting WHERE $1 = ANY(animateurs)
ORDER BY starts_at, id
"""

AUTORISATIONS = """
SELECT academie, id AS paper, meeting, uai, granted, said_at FROM autorisation WHERE person = $1 ORDER BY said_at, id
"""

PRESENCES = """
SELECT p.academie, p.meeting, m.day, p.half, p.version, p.present, p.justified, p.recorded_at
FROM presence p JOIN meeting m ON (m.academie, m.id) = (p.academie, p.meeting)
WHERE p.person = $1 ORDER BY m.day, p.meeting, p.version, p.half
"""
