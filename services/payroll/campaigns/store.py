"""Pay campaigns in the database: all of an académie are locked before one changes, for their order counts."""

from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from common import audit, outbox
from common.contracts.payroll import CampaignLocked, CampaignMoved, CampaignScheduled
from common.tx import Tx
from payroll.campaigns.domain import Campaign, CampaignAlreadyScheduled, UnknownPayCampaign


class Locked(Struct, frozen=True, kw_only=True):
    """A campaign, and the others of its académie."""

    academie: str
    campaign: Campaign
    others: tuple[Campaign, ...]


async def of_academie(tx: Tx, academie: str) -> list[Campaign]:
    return [campaign_of_row(row) for row in await tx.fetch(OF_ACADEMIE, academie)]


async def lock_campaign(tx: Tx, campaign: UUID) -> Locked:
    rows = await tx.fetch(LOCK, campaign)
    asked = next((row for row in rows if row["id"] == campaign), None)
    if asked is None:
        raise UnknownPayCampaign
    others = tuple(campaign_of_row(row) for row in rows if row["id"] != campaign)
    return Locked(academie=asked["academie"], campaign=campaign_of_row(asked), others=others)


def campaign_of_row(row: asyncpg.Record) -> Campaign:
    return msgspec.convert(dict(row), Campaign)


async def record_scheduling(tx: Tx, academie: str, scheduled: CampaignScheduled) -> None:
    dates = (scheduled.opens_on, scheduled.cut_off, scheduled.pays_on)
    try:
        await tx.execute(SCHEDULE, academie, scheduled.subject, scheduled.month, *dates)
    except asyncpg.UniqueViolationError as race:
        if race.constraint_name != "one_campaign_per_month":
            raise
        raise CampaignAlreadyScheduled from race
    outbox.append(tx, academie, [scheduled])
    audit.record(tx, academie, "pay-campaign-scheduled", scheduled.subject, detail=calendar(scheduled))


async def record_move(tx: Tx, locked: Locked, moved: CampaignMoved, *, reason: str) -> int:
    """The campaign's new revision."""
    dates = (moved.opens_on, moved.cut_off, moved.pays_on)
    await tx.execute(MOVE, locked.academie, moved.subject, *dates)
    outbox.append(tx, locked.academie, [moved])
    audit.record(tx, locked.academie, "pay-campaign-moved", moved.subject, reason=reason, detail=calendar(moved))
    return locked.campaign.revision + 1


async def record_lock(tx: Tx, locked: Locked, told: CampaignLocked, *, by: UUID) -> int:
    await tx.execute(LOCK_IT, locked.academie, told.subject, tx.at, by)
    outbox.append(tx, locked.academie, [told])
    audit.record(tx, locked.academie, "pay-campaign-locked", told.subject, detail={"month": told.month})
    return locked.campaign.revision + 1


def calendar(event: CampaignScheduled | CampaignMoved) -> dict[str, str | int]:
    days = {"opens_on": event.opens_on, "cut_off": event.cut_off, "pays_on": event.pays_on}
    return {"month": event.month, **{name: str(day) for name, day in days.items()}}


OF_ACADEMIE = """
SELECT id, month, opens_on, cut_off, pays_on, locked_at IS NOT NULL AS locked, revision FROM campaign
WHERE academie = $1 ORDER BY month FOR SHARE
"""

LOCK = """
SELECT academie, id, month, opens_on, cut_off, pays_on, locked_at IS NOT NULL AS locked, revision FROM campaign
WHERE academie = (SELECT academie FROM campaign WHERE id = $1) ORDER BY month FOR UPDATE
"""

SCHEDULE = """
INSERT INTO campaign (academie, id, month, opens_on, cut_off, pays_on) VALUES ($1, $2, $3, $4, $5, $6)
"""

MOVE = """
UPDATE campaign SET opens_on = $3, cut_off = $4, pays_on = $5, revision = revision + 1
WHERE academie = $1 AND id = $2
"""

LOCK_IT = "UPDATE campaign SET locked_at = $3, locked_by = $4, revision = revision + 1 WHERE academie = $1 AND id = $2"
