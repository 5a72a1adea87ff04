"""What each census has identified so far, per bassin: the basis on which an offer is sized."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from common.clock import zone_of
from common.identifiers import CodeAcademie, CodeBassin, dec_hook
from common.tx import Tx
from training.sizing.domain import Identified


class Census(Struct, frozen=True, kw_only=True):
    id: UUID
    academie: CodeAcademie
    object: str
    function: str
    deadline: date
    closed: bool


class Figures(Struct, frozen=True, kw_only=True):
    """Établissements interrogés, réponses reçues, personnes identifiées."""

    addressed: int = 0
    answered: int = 0
    identified: int = 0


class Counted(Struct, frozen=True, kw_only=True):
    bassins: tuple[Identified, ...] = ()
    without_bassin: Figures = Figures()
    total: Figures = Figures()  # somebody named in two bassins is counted once


class Seen(Struct, frozen=True, kw_only=True):
    """What somebody may look at: whole académies, and single bassins."""

    academies: frozenset[CodeAcademie]
    bassins: frozenset[CodeBassin]


class Filter(Struct, frozen=True, kw_only=True):
    seen: Seen
    campaign: UUID | None = None
    academie: CodeAcademie | None = None
    bassin: CodeBassin | None = None


async def censuses(tx: Tx, asked: Filter, after: UUID | None, limit: int) -> list[Census]:
    """The newest first: their ids are in the order of time."""
    academies = asked.seen.academies | {bassin.academie for bassin in asked.seen.bassins}
    rows = await tx.fetch(CENSUSES, list(academies), asked.campaign, asked.academie, after, limit + 1)
    return [msgspec.convert(dict(row), Census, dec_hook=dec_hook) for row in rows]


async def counted(tx: Tx, censuses: Sequence[Census], asked: Filter) -> dict[UUID, Counted]:
    """By the memberships of the day it is in each académie."""
    ids = [census.id for census in censuses]
    days = [tx.at.astimezone(ZoneInfo(zone_of(census.academie))).date() for census in censuses]
    rows = await tx.fetch(COUNTS, ids, days, list(asked.seen.academies), list(asked.seen.bassins), asked.bassin)
    lines: dict[UUID, list[Identified]] = defaultdict(list)
    others: dict[tuple[UUID, str], Figures] = {}
    for row in rows:
        if row["kind"] == "bassin":
            lines[row["census"]].append(msgspec.convert(dict(row), Identified, dec_hook=dec_hook))
        else:
            others[row["census"], row["kind"]] = msgspec.convert(dict(row), Figures)
    return {
        census: Counted(
            bassins=tuple(lines[census]),
            without_bassin=others.get((census, "without_bassin"), Figures()),
            total=others.get((census, "total"), Figures()),
        )
        for census in ids
    }


CENSUSES = """
SELECT id, academie, object, function, deadline, closed FROM census
WHERE academie = ANY($1) AND ($2::uuid IS NULL OR id = $2) AND ($3::text IS NULL OR academie = $3)
    AND ($4::uuid IS NULL OR id < $4)
ORDER BY id DESC LIMIT $5
"""

# A school closed by that day has left its census. Distinct, because a row is a school and a person.
COUNTS = """
WITH asked AS (
    SELECT a.academie, a.census, a.uai, a.revision, a.persons, bassin_on(s.memberships, c.day) AS bassin
    FROM unnest($1::uuid[], $2::date[]) AS c (id, day)
    JOIN census_school a ON a.census = c.id
    LEFT JOIN school s ON (s.academie, s.uai) = (a.academie, a.uai)
    WHERE s.closed_on IS NULL OR c.day < s.closed_on
)
SELECT asked.census, asked.bassin, coalesce(min(b.name), '') AS name,
    CASE WHEN grouping(asked.bassin) = 1 THEN 'total' WHEN asked.bassin IS NULL THEN 'without_bassin'
        ELSE 'bassin' END AS kind,
    count(DISTINCT asked.uai) AS addressed,
    count(DISTINCT asked.uai) FILTER (WHERE asked.revision > 0) AS answered,
    count(DISTINCT p.person) AS identified
FROM asked
LEFT JOIN LATERAL unnest(asked.persons) AS p (person) ON true
LEFT JOIN bassin b ON (b.academie, b.code) = (asked.academie, asked.bassin)
WHERE (asked.academie = ANY($3) OR asked.bassin = ANY($4)) AND ($5::text IS NULL OR asked.bassin = $5)
GROUP BY GROUPING SETS ((asked.census, asked.bassin), (asked.census))
ORDER BY asked.census, asked.bassin NULLS LAST
"""
