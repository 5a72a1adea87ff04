"""Campaigns in the database: what is locked before a decision, and what a decision writes."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from common import audit, outbox
from common.contracts.hr_networks import CensusOpened, DeadlineMoved, SchoolAddressed
from common.identifiers import CodeAcademie, dec_hook
from common.tx import Tx
from hr_networks.census.domain import EPLE, Campaign, CampaignWish, School, UnknownCampaign, close, refuse_closed
from hr_networks.completeness import views as completeness
from hr_networks.completeness.domain import Figures, count


async def schools(tx: Tx, academie: CodeAcademie) -> list[School]:
    """Those that a census may address, whatever the day."""
    rows = await tx.fetch(SCHOOLS, academie, list(EPLE))
    return [msgspec.convert(dict(row), School, dec_hook=dec_hook) for row in rows]


async def record_opening(
    tx: Tx, wish: CampaignWish, events: Sequence[CensusOpened | SchoolAddressed], *, service: str, by: UUID
) -> UUID:
    opened = events[0].subject
    letter = (wish.object, wish.function, wish.letter, service, wish.signatory, wish.contact, wish.deadline)
    addressed = [event.uai for event in events if isinstance(event, SchoolAddressed)]
    await tx.execute(OPEN, wish.academie, opened, *letter, by, tx.at, addressed)
    outbox.append(tx, wish.academie, events)
    audit.record(tx, wish.academie, "census-opened", opened, detail={"addressed": len(addressed)})
    return opened


async def lock_campaign(tx: Tx, campaign: UUID) -> Campaign:
    """Alone: no answer is being recorded while it is held."""
    row = await tx.fetchrow(LOCK, campaign)
    if row is None:
        raise UnknownCampaign
    return msgspec.convert(dict(row), Campaign, dec_hook=dec_hook)


async def record_deadline(tx: Tx, campaign: Campaign, moved: DeadlineMoved) -> int:
    """The campaign's new revision."""
    await tx.execute(MOVE, campaign.academie, campaign.id, moved.deadline)
    outbox.append(tx, campaign.academie, [moved])
    audit.record(tx, campaign.academie, "census-deadline-moved", campaign.id, detail={"deadline": str(moved.deadline)})
    return campaign.revision + 1


async def freeze(tx: Tx, campaign: Campaign, *, day: date, by: UUID | None, reason: str) -> Figures:
    """Close a locked campaign and keep where each of its schools stands on that day."""
    refuse_closed(campaign)
    rows = await tx.fetch(FREEZE, campaign.academie, campaign.id, day, tx.at, by, reason)
    return count([completeness.standing(row) for row in rows])


async def record_closing(tx: Tx, campaign: Campaign, figures: Figures, *, reason: str | None) -> None:
    final = {"addressed": figures.addressed, "answered": figures.answered, "identified": figures.identified}
    outbox.append(tx, campaign.academie, [close(campaign, **final)])
    audit.record(tx, campaign.academie, "census-closed", campaign.id, reason=reason, detail=final)


SCHOOLS = """
SELECT uai, nature, sector, opened_on, closed_on FROM school WHERE academie = $1 AND nature = ANY($2)
"""

OPEN = """
WITH opened AS (
    INSERT INTO campaign (academie, id, object, function, letter, service, signatory, contact, deadline,
        opened_by, opened_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
)
INSERT INTO addressed_school (academie, campaign, uai, addressed_at) SELECT $1, $2, unnest($12::text[]), $11
"""

LOCK = "SELECT id, academie, deadline, status, revision FROM campaign WHERE id = $1 FOR UPDATE"

MOVE = "UPDATE campaign SET deadline = $3, revision = revision + 1 WHERE academie = $1 AND id = $2"

FREEZE = """
WITH closed AS (
    UPDATE campaign SET status = 'closed', revision = revision + 1, closed_at = $4, closed_by = $5, closing_reason = $6
    WHERE academie = $1 AND id = $2
)
INSERT INTO final_standing (academie, campaign, uai, bassin, bassin_name, answered, persons)
SELECT * FROM standing_on($1, $2, $3)
RETURNING uai, bassin, bassin_name, answered, persons
"""
