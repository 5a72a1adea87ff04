"""Distances and adjoining communes in the database; what depends on them is computed again."""

from collections.abc import Mapping, Sequence
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct

from common import audit
from common.identifiers import BASSIN, CodeAcademie, CommuneInsee, dec_hook
from common.tx import Tx
from payroll.places.domain import Distance


class Adjoining(Struct, frozen=True, kw_only=True):
    """Les communes limitrophes d’une commune ; révision 0 : elles ne sont pas renseignées."""

    academie: CodeAcademie
    commune: CommuneInsee
    communes: list[CommuneInsee]
    revision: int

    @property
    def etag(self) -> str:
        return f'"{self.revision}"'


def places_of(academie: str) -> UUID:
    """The subject of the audit lines about an académie's places."""
    return uuid5(BASSIN, f"payroll-places:{academie}")


async def record_distances(tx: Tx, academie: CodeAcademie, distances: Sequence[Distance]) -> None:
    ones, others = [str(each.commune) for each in distances], [str(each.other) for each in distances]
    await tx.execute(DISTANCES, academie, ones, others, [each.kilometres for each in distances], tx.at)
    audit.record(tx, academie, "distances-entered", places_of(academie), detail={"distances": len(distances)})


async def distances(
    tx: Tx, academie: CodeAcademie, commune: CommuneInsee | None, after: tuple[str, str] | None, limit: int
) -> list[Distance]:
    rows = await tx.fetch(LIST_DISTANCES, academie, commune, *(after or (None, None)), limit)
    return [msgspec.convert(dict(row), Distance, dec_hook=dec_hook) for row in rows]


async def lock_adjoining(tx: Tx, academie: CodeAcademie, commune: CommuneInsee) -> Adjoining:
    row = await tx.fetchrow(f"{ONE} FOR UPDATE", academie, commune)
    return adjoining_of(academie, commune, None if row is None else dict(row))


async def adjoining(tx: Tx, academie: CodeAcademie, commune: CommuneInsee) -> Adjoining:
    row = await tx.fetchrow(ONE, academie, commune)
    return adjoining_of(academie, commune, None if row is None else dict(row))


async def all_adjoining(tx: Tx, academie: CodeAcademie, after: str | None, limit: int) -> list[Adjoining]:
    rows = await tx.fetch(LIST, academie, after, limit)
    return [adjoining_of(academie, CommuneInsee(row["commune"]), dict(row)) for row in rows]


async def record_adjoining(tx: Tx, academie: CodeAcademie, lists: Mapping[str, Sequence[str]]) -> None:
    """The whole list of each of these communes."""
    encoded = msgspec.json.encode(lists).decode()
    await tx.execute(ADJOIN, academie, encoded, tx.at)
    audit.record(tx, academie, "adjoining-communes-entered", places_of(academie), detail={"communes": len(lists)})


def adjoining_of(academie: CodeAcademie, commune: CommuneInsee, row: Mapping[str, object] | None) -> Adjoining:
    known = row or {"adjoining": [], "revision": 0}
    shown = {"academie": academie, "commune": commune, "communes": known["adjoining"], "revision": known["revision"]}
    return msgspec.convert(shown, Adjoining, dec_hook=dec_hook)


DISTANCES = """
WITH changed AS (UPDATE traveller SET changed_at = $5 WHERE academie = $1)
INSERT INTO distance (academie, commune, other, kilometres)
SELECT $1, one, two, kilometres FROM unnest($2::text[], $3::text[], $4::int[]) AS d (one, two, kilometres)
ON CONFLICT (academie, commune, other) DO UPDATE SET kilometres = EXCLUDED.kilometres
"""

LIST_DISTANCES = """
SELECT commune, other, kilometres FROM distance
WHERE academie = $1 AND ($2::text IS NULL OR $2 IN (commune, other))
    AND ($3::text IS NULL OR (commune, other) > ($3, $4::text))
ORDER BY commune, other LIMIT $5
"""

ONE = "SELECT commune, adjoining, revision FROM adjacency WHERE academie = $1 AND commune = $2"

LIST = """
SELECT commune, adjoining, revision FROM adjacency
WHERE academie = $1 AND ($2::text IS NULL OR commune > $2) ORDER BY commune LIMIT $3
"""

ADJOIN = """
WITH changed AS (UPDATE traveller SET changed_at = $3 WHERE academie = $1)
INSERT INTO adjacency (academie, commune, adjoining)
SELECT $1, a.key, ARRAY(SELECT jsonb_array_elements_text(a.value)) FROM jsonb_each($2::jsonb) AS a
ON CONFLICT (academie, commune) DO UPDATE SET adjoining = EXCLUDED.adjoining, revision = adjacency.revision + 1
"""
