"""What payroll holds of a person, and what an erasure leaves: the missions and the sums, which accounts must keep."""

from collections.abc import Mapping
from uuid import UUID

from common.people import Personal
from common.tx import Tx


async def export(tx: Tx, person: UUID) -> Mapping[str, object]:
    return {
        "identity": [dict(row) for row in await tx.fetch(IDENTITY, person)],
        "residences": [dict(row) for row in await tx.fetch(RESIDENCES, person)],
        "missions": [dict(row) for row in await tx.fetch(MISSIONS, person)],
        "elements": [dict(row) for row in await tx.fetch(ELEMENTS, person)],
        "files_kept_by_law": [dict(row) for row in await tx.fetch(FILES, person)],
    }


async def erase(tx: Tx, person: UUID) -> Mapping[str, int]:
    """Where the person lived and what he drove go, and what was written of a rejected line.

    The missions and the sums are pieces of the accounts; the exported files name the person until their retention ends.
    """
    row = await tx.fetchrow(BLANK, person)
    return {} if row is None else {name: int(count) for name, count in row.items()}


PERSONAL = Personal(export=export, erase=erase)

IDENTITY = """
SELECT p.academie, p.civility, p.family_name, p.given_names, l.agent FROM person p
LEFT JOIN linked_agent l ON (l.academie, l.person) = (p.academie, p.id)
WHERE p.id = $1 AND NOT p.erased
"""

RESIDENCES = """
SELECT academie, since, residence, vehicle, horsepower, raised_night FROM traveller_version
WHERE person = $1 AND residence <> '' ORDER BY since
"""

MISSIONS = """
SELECT academie, mission, number, uai, meeting, candidature, avis, commune, starts_at, ends_at, cancelled_at
FROM expected_expense WHERE person = $1 ORDER BY starts_at, mission
"""

ELEMENTS = """
SELECT academie, id, mission, rank, day, status, controls, not_due, lines, amount, month, rejection FROM element
WHERE person = $1 ORDER BY day, mission, rank
"""

FILES = """
SELECT DISTINCT x.academie, x.id, x.exported_at, x.keep_until FROM export x
JOIN element e ON (e.academie, e.export) = (x.academie, x.id)
WHERE e.person = $1 AND x.content IS NOT NULL ORDER BY x.exported_at
"""

BLANK = """
WITH named AS (
    UPDATE person SET civility = '', family_name = '', given_names = '', erased = true
    WHERE id = $1 AND NOT erased RETURNING 1
), lived AS (
    UPDATE traveller_version SET residence = '', vehicle = 'none', horsepower = NULL, raised_night = false
    WHERE person = $1 AND residence <> '' RETURNING 1
), linked AS (
    DELETE FROM linked_agent WHERE person = $1 RETURNING 1
), rejected AS (
    UPDATE element SET rejection = '' WHERE person = $1 AND rejection <> '' RETURNING 1
)
SELECT (SELECT count(*) FROM named) AS identity, (SELECT count(*) FROM lived) AS residences,
    (SELECT count(*) FROM linked) AS links, (SELECT count(*) FROM rejected) AS rejections
"""
