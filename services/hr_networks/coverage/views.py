"""The bassins that have schools today, each with what an offer has led to there."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

import msgspec
from msgspec import Struct

from common.identifiers import CodeAcademie, CodeBassin, dec_hook
from common.tx import Tx
from hr_networks.coverage.domain import Coverage, covered
from hr_networks.meetings.domain import OfferNotHeardOf


class OfferCoverage(Struct, frozen=True, kw_only=True):
    """Les réunions d’une offre, bassin par bassin."""

    offer: UUID
    title: str
    year: str
    first_ends_on: date | None  # the meetings are held after this day
    second_begins_on: date | None  # and before this one
    bassins: Sequence[Coverage]
    missing: int  # bassins without any meeting yet


class OfferRead(Struct, frozen=True, kw_only=True):
    academie: CodeAcademie
    title: str
    year: str
    function: str
    first_ends_on: date | None
    second_begins_on: date | None


async def offer(tx: Tx, asked: UUID) -> OfferRead:
    row = await tx.fetchrow(OFFER, asked)
    if row is None:
        raise OfferNotHeardOf
    return msgspec.convert(dict(row), OfferRead, dec_hook=dec_hook)


async def coverage(
    tx: Tx, asked: UUID, read: OfferRead, *, today: date, bassins: Collection[CodeBassin] | None
) -> OfferCoverage:
    """All bassins, or those that a bassin role may look at."""
    rows = await tx.fetch(BASSINS, read.academie, asked, read.function, today)
    found = [covered(msgspec.convert(dict(row), Coverage, dec_hook=dec_hook)) for row in rows]
    seen = [each for each in found if bassins is None or each.bassin in bassins]
    return OfferCoverage(
        offer=asked,
        title=read.title,
        year=read.year,
        first_ends_on=read.first_ends_on,
        second_begins_on=read.second_begins_on,
        bassins=seen,
        missing=sum(each.missing for each in seen),
    )


OFFER = "SELECT academie, title, year, function, first_ends_on, second_begins_on FROM offer WHERE id = $1"

BASSINS = """
WITH counted AS (
    SELECT bassin, count(*) FILTER (WHERE status = 'planned') AS planned,
        count(*) FILTER (WHERE status = 'held') AS held, count(*) FILTER (WHERE status = 'cancelled') AS cancelled
    FROM meeting WHERE academie = $1 AND offer = $2 GROUP BY bassin
), present AS (
    SELECT DISTINCT bassin_on(memberships, $4) AS bassin FROM school
    WHERE academie = $1 AND (closed_on IS NULL OR $4 < closed_on)
    UNION SELECT bassin FROM counted
)
SELECT p.bassin, coalesce(b.name, '') AS name,
    EXISTS (SELECT FROM network n WHERE n.academie = $1 AND n.bassin = p.bassin
            AND lower(n.function) = lower($3)) AS network,
    (SELECT count(*) FROM animateurs_of($1, p.bassin, $2)) AS animateurs,
    coalesce(c.planned, 0) AS planned, coalesce(c.held, 0) AS held, coalesce(c.cancelled, 0) AS cancelled
FROM present p
LEFT JOIN bassin b ON b.academie = $1 AND b.code = p.bassin
LEFT JOIN counted c ON c.bassin = p.bassin
WHERE p.bassin IS NOT NULL ORDER BY p.bassin
"""
