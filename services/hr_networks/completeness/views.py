"""Where the schools of a campaign stand: today's figures while it is open, those of its last day once it is closed."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

import msgspec
from asyncpg import Record

from common.identifiers import CodeAcademie, CodeBassin, dec_hook
from common.tx import Tx
from hr_networks.completeness.domain import Standing


async def standings(tx: Tx, academie: CodeAcademie, campaign: UUID, *, frozen: bool, day: date) -> list[Standing]:
    if frozen:
        rows = await tx.fetch(FINAL, academie, campaign)
    else:
        rows = await tx.fetch(LIVE, academie, campaign, day)
    return [standing(row) for row in rows]


def within(standings: Sequence[Standing], bassins: Collection[CodeBassin] | None) -> list[Standing]:
    """All of them, or those of the bassins that a bassin role may look at."""
    return [each for each in standings if bassins is None or each.bassin.code in bassins]


def standing(row: Record) -> Standing:
    bassin = None if row["bassin"] is None else CodeBassin(row["bassin"])
    fields = {"uai": row["uai"], "answered": row["answered"], "persons": row["persons"]}
    return msgspec.convert({**fields, "bassin": (bassin, row["bassin_name"])}, Standing, dec_hook=dec_hook)


FINAL = """
SELECT uai, bassin, bassin_name, answered, persons FROM final_standing WHERE academie = $1 AND campaign = $2
ORDER BY uai
"""

LIVE = "SELECT uai, bassin, bassin_name, answered, persons FROM standing_on($1, $2, $3)"
