"""The calendar of the pay, for everybody; what a campaign holds, for those who coordinate it."""

from collections.abc import Sequence
from datetime import date
from typing import Self
from uuid import UUID

import msgspec
from msgspec import Struct

from common.contracts.payroll import CampaignMoved, CampaignScheduled
from common.identifiers import CodeAcademie, dec_hook
from common.tx import Tx
from payroll.campaigns.domain import UnknownPayCampaign


class CampaignView(Struct, frozen=True, kw_only=True):
    """Une campagne de paye : un mois, ses dates, et si elle est verrouillée."""

    id: UUID
    academie: CodeAcademie
    month: str
    opens_on: date
    cut_off: date
    pays_on: date
    locked: bool
    revision: int

    @property
    def etag(self) -> str:
        return f'"{self.revision}"'

    @classmethod
    def of(cls, academie: str, told: CampaignScheduled | CampaignMoved, *, revision: int) -> Self:
        """As it was just fixed or moved: not locked."""
        return cls(
            id=told.subject,
            academie=CodeAcademie(academie),
            month=told.month,
            opens_on=told.opens_on,
            cut_off=told.cut_off,
            pays_on=told.pays_on,
            locked=False,
            revision=revision,
        )


class Content(Struct, frozen=True, kw_only=True):
    """Ce que contient une campagne, et ce qui n’y est pas encore ; montants en centimes."""

    campaign: UUID
    elements: int
    total: int
    late: int
    held: int  # of the whole académie: what could still come
    exported: int
    acknowledged: int
    rejected: int


async def campaigns(
    tx: Tx, academie: CodeAcademie | None, after: tuple[str, UUID] | None, limit: int
) -> list[CampaignView]:
    rows = await tx.fetch(LIST, academie, *(after or (None, None)), limit)
    return [msgspec.convert(dict(row), CampaignView, dec_hook=dec_hook) for row in rows]


async def campaign(tx: Tx, asked: UUID) -> CampaignView:
    row = await tx.fetchrow(ONE, asked)
    if row is None:
        raise UnknownPayCampaign
    return msgspec.convert(dict(row), CampaignView, dec_hook=dec_hook)


async def content(tx: Tx, academies: Sequence[CodeAcademie], asked: UUID) -> Content:
    row = await tx.fetchrow(CONTENT, list(academies), asked)
    if row is None:
        raise UnknownPayCampaign
    return msgspec.convert(dict(row), Content)


CAMPAIGN = """
SELECT id, academie, month, opens_on, cut_off, pays_on, locked_at IS NOT NULL AS locked, revision FROM campaign
"""

LIST = f"""
{CAMPAIGN} WHERE ($1::text IS NULL OR academie = $1) AND ($2::text IS NULL OR (month, id) > ($2, $3::uuid))
ORDER BY month, id LIMIT $4
"""

ONE = f"{CAMPAIGN} WHERE id = $1"

CONTENT = """
SELECT c.id AS campaign, count(e.id) AS elements, coalesce(sum(e.amount), 0)::bigint AS total,
    count(*) FILTER (WHERE e.late_from <> '') AS late,
    (SELECT count(*) FROM element h WHERE h.academie = c.academie AND h.status = 'held') AS held,
    count(*) FILTER (WHERE e.export IS NOT NULL) AS exported,
    count(*) FILTER (WHERE e.status = 'acknowledged') AS acknowledged,
    count(*) FILTER (WHERE e.status = 'rejected') AS rejected
FROM campaign c LEFT JOIN element e ON (e.academie, e.campaign) = (c.academie, c.id)
WHERE c.academie = ANY($1) AND c.id = $2
GROUP BY c.academie, c.id
"""
