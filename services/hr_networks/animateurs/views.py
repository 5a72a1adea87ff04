"""The animateurs of a bassin by name, for those who convene with them."""

from datetime import date
from uuid import UUID

import msgspec
from msgspec import Struct

from common.identifiers import CodeBassin, Uai, dec_hook
from common.tx import Tx


class AnimateurView(Struct, frozen=True, kw_only=True):
    """Une personne formée à animer les réunions d’un bassin ; « nom effacé » si elle l’a demandé."""

    person: UUID
    name: str
    uai: Uai | None
    offer: UUID
    offer_title: str
    meetings_from: date | None  # the first day on which a meeting of this offer may be held
    meetings_until: date | None  # and the last


async def animateurs(tx: Tx, bassin: CodeBassin, offer: UUID | None) -> list[AnimateurView]:
    rows = await tx.fetch(LIST, bassin.academie, bassin, offer)
    return [msgspec.convert(dict(row), AnimateurView, dec_hook=dec_hook) for row in rows]


async def convenes(tx: Tx, bassin: CodeBassin, agent: UUID) -> bool:
    """Whether the person behind a login was trained for that bassin, whatever the offer."""
    found: bool = await tx.fetchval(CONVENES, bassin.academie, bassin, agent)
    return found


LIST = """
SELECT a.person, a.offer, coalesce(o.title, '') AS offer_title,
    CASE WHEN p.id IS NULL OR p.erased THEN 'nom effacé' ELSE p.given_names || ' ' || p.family_name END AS name,
    nullif(p.uai, '') AS uai, o.first_ends_on + 1 AS meetings_from, o.second_begins_on - 1 AS meetings_until
FROM (
    SELECT DISTINCT academie, person, offer FROM module_attendance
    WHERE academie = $1 AND bassin = $2 AND rank = 1 AND followed AND ($3::uuid IS NULL OR offer = $3)
) AS a
LEFT JOIN person p ON (p.academie, p.id) = (a.academie, a.person)
LEFT JOIN offer o ON (o.academie, o.id) = (a.academie, a.offer)
ORDER BY p.family_name NULLS LAST, p.given_names, a.person, a.offer
"""

CONVENES = """
SELECT EXISTS (
    SELECT FROM module_attendance m JOIN person p ON (p.academie, p.id) = (m.academie, m.person)
    WHERE m.academie = $1 AND m.bassin = $2 AND m.rank = 1 AND m.followed AND p.agent = $3 AND NOT p.erased
)
"""
