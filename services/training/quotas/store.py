"""Quotas in the database, changed together with the promotions that a change entails."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from msgspec import Struct

from common import audit
from common.contracts.training import CandidaturePromoted
from common.identifiers import CodeAcademie, dec_hook, enc_hook
from common.tx import Tx
from training.candidatures import store as candidatures
from training.offers.domain import UnknownOffer
from training.promotions.domain import Standing, waiting
from training.quotas.domain import Quotas, Selected


class QuotasView(Struct, frozen=True, kw_only=True):
    """Les quotas d’une offre."""

    academie: CodeAcademie
    offer: UUID
    quotas: Quotas
    revision: int


async def quotas(tx: Tx, offer: UUID) -> QuotasView:
    row = await tx.fetchrow(READ, offer)
    if row is None:
        raise UnknownOffer
    known = msgspec.json.decode(row["quotas"], type=Quotas, dec_hook=dec_hook)
    return QuotasView(
        academie=CodeAcademie(row["academie"]), offer=offer, quotas=known, revision=row["quotas_revision"]
    )


def selected(standing: Standing) -> list[Selected]:
    return [
        Selected(
            bassin=bassin,
            retained=sum(each.goes for each in standing.of(bassin)),
            waiting=tuple(each.id for each in waiting(standing, bassin)),
        )
        for bassin in sorted(standing.selected)
    ]


async def record(tx: Tx, standing: Standing, after: Quotas, promoted: Sequence[CandidaturePromoted]) -> None:
    document = msgspec.json.encode(after, enc_hook=enc_hook).decode()
    await tx.execute(CHANGE, *candidatures.rows(standing.academie, promoted), standing.offer, document)
    candidatures.tell(tx, standing.academie, promoted)
    detail: dict[str, str | int] = {"revision": standing.quotas_revision + 1, "promoted": len(promoted)}
    audit.record(tx, standing.academie, "quotas-changed", standing.offer, detail=detail)


READ = "SELECT academie, quotas, quotas_revision FROM offer WHERE id = $1"

CHANGE = f"""
WITH changed AS (
    UPDATE offer SET quotas = $7, quotas_revision = quotas_revision + 1 WHERE academie = $1 AND id = $6
)
{candidatures.DECIDE}
"""  # noqa: S608 - no value of anybody's in it
