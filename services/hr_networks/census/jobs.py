"""What a census does as days pass: it finds the schools opened meanwhile, writes to those not yet told, and closes."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import groupby

import msgspec
from asyncpg import Record

from common import mail, outbox
from common.clock import zone_of
from common.handlers import Jobs
from common.identifiers import CodeAcademie, dec_hook
from common.tx import Tx
from hr_networks.census import documents, store
from hr_networks.census.documents import Asked
from hr_networks.census.domain import EPLE, Campaign, School, address, is_over, local_day

jobs = Jobs("hr_networks")


@jobs.every(timedelta(seconds=10))
async def address_new_schools(tx: Tx, at: datetime) -> int:
    """A school that opened after its académie's census did is asked like the others."""
    rows = await tx.fetch(NOT_ADDRESSED, list(EPLE))
    added = 0
    for campaign, missing in by_campaign(rows):
        today = today_in(campaign.academie, at)
        if is_over(campaign.deadline, today=today):
            continue
        events = address(campaign.id, [school_of(row) for row in missing], today=today)
        tx.many(ADDRESS, [(campaign.academie, campaign.id, event.uai, at) for event in events])
        outbox.append(tx, campaign.academie, events)
        added += len(events)
    return added


@jobs.every(timedelta(seconds=2))
async def announce_to_schools(tx: Tx, at: datetime) -> int:
    """Every addressed school is written to once, as soon as it has an address."""
    asked = [msgspec.convert(dict(row), Asked) for row in await tx.fetch(NOT_ANNOUNCED, at.date())]
    tx.many(ANNOUNCED, [(each.academie, each.campaign, each.uai, at) for each in asked])
    for each in asked:
        mail.send(tx, each.academie, documents.announcement(each))
    return len(asked)


@jobs.every(timedelta(minutes=1))
async def close_at_the_deadline(tx: Tx, at: datetime) -> int:
    """The midnight that ends the deadline closes the census, with the figures of its last day."""
    rows = await tx.fetch(LATEST_DAY, at.date())
    over = [each for each in map(campaign_of, rows) if is_over(each.deadline, today=today_in(each.academie, at))]
    for campaign in over:
        figures = await store.freeze(tx, campaign, day=campaign.deadline, by=None, reason="")
        await store.record_closing(tx, campaign, figures, reason=None)
    return len(over)


def today_in(academie: CodeAcademie, at: datetime) -> date:
    return local_day(at, zone_of(academie))


def by_campaign(rows: Iterable[Record]) -> Iterator[tuple[Campaign, list[Record]]]:
    for _, group in groupby(rows, key=lambda row: row["id"]):
        members = list(group)
        yield campaign_of(members[0]), members


def campaign_of(row: Record) -> Campaign:
    return msgspec.convert(dict(row), Campaign, dec_hook=dec_hook)


def school_of(row: Record) -> School:
    return msgspec.convert(dict(row), School, dec_hook=dec_hook)


# Sharing the campaign's row with those who answer, never with who closes it.
NOT_ADDRESSED = """
SELECT c.id, c.academie, c.deadline, c.status, c.revision, s.uai, s.nature, s.sector, s.opened_on, s.closed_on
FROM campaign c JOIN school s ON s.academie = c.academie AND s.nature = ANY($1) AND s.sector <> 'prive'
WHERE c.status = 'open' AND NOT EXISTS (
    SELECT FROM addressed_school a WHERE (a.academie, a.campaign, a.uai) = (c.academie, c.id, s.uai)
)
ORDER BY c.academie, c.id, s.uai FOR SHARE OF c
"""

ADDRESS = """
INSERT INTO addressed_school (academie, campaign, uai, addressed_at) VALUES ($1, $2, $3, $4)
"""

NOT_ANNOUNCED = """
SELECT a.academie, a.campaign, c.object, c.function, c.letter, c.service, c.signatory, c.contact, c.deadline,
    s.uai, s.name, s.mail
FROM addressed_school a
JOIN campaign c ON (c.academie, c.id) = (a.academie, a.campaign)
JOIN school s ON (s.academie, s.uai) = (a.academie, a.uai)
WHERE a.announced_at IS NULL AND c.status = 'open' AND s.mail <> '' AND (s.closed_on IS NULL OR $1 < s.closed_on)
ORDER BY a.academie, a.campaign, a.uai LIMIT 500 FOR UPDATE OF a
"""

ANNOUNCED = "UPDATE addressed_school SET announced_at = $4 WHERE (academie, campaign, uai) = ($1, $2, $3)"

# A little wide: which day it is depends on the académie.
LATEST_DAY = """
SELECT id, academie, deadline, status, revision FROM campaign WHERE status = 'open' AND deadline <= $1
ORDER BY academie, id FOR UPDATE
"""
