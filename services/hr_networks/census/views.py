"""What is said of campaigns to those who run them, and to the schools they address."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record
from msgspec import Struct

from common.clock import zone_of
from common.identifiers import CodeAcademie, Uai, dec_hook
from common.tx import Tx
from hr_networks.census.domain import Status, UnknownCampaign, counted_on, local_day


class CampaignSummary(Struct, frozen=True, kw_only=True):
    """Une campagne de recensement dans une liste."""

    id: UUID
    academie: CodeAcademie
    object: str
    function: str
    deadline: date
    status: Status
    status_label: str
    opened_at: datetime
    closed_at: datetime | None

    def counted_on(self, at: datetime) -> date:
        """The day whose memberships count, seen at that time."""
        return counted_on(self.deadline, today=local_day(self.closed_at or at, zone_of(self.academie)))


class CampaignView(CampaignSummary, frozen=True, kw_only=True):
    """Une campagne de recensement et sa lettre."""

    letter: str
    service: str
    signatory: str
    contact: str
    closing_reason: str
    revision: int

    @property
    def etag(self) -> str:
        return f'"{self.revision}"'


class SchoolCampaign(CampaignSummary, frozen=True, kw_only=True):
    """Une campagne vue d’un établissement qu’elle interroge."""

    uai: Uai
    revision: int  # of the school's answer; 0 while it is silent
    answered_at: datetime | None
    reminded_on: list[date]
    answer: str  # where it is read and given


class Filter(Struct, frozen=True, kw_only=True):
    academie: CodeAcademie | None = None
    status: Status | None = None


async def campaigns(tx: Tx, asked: Filter, after: UUID | None, limit: int) -> list[CampaignSummary]:
    """The newest first: their ids are in the order of time."""
    rows = await tx.fetch(LIST, asked.academie, asked.status, after, limit + 1)
    return [msgspec.convert(labelled(row), CampaignSummary, dec_hook=dec_hook) for row in rows]


async def campaign(tx: Tx, asked: UUID) -> CampaignView:
    row = await tx.fetchrow(ONE, asked)
    if row is None:
        raise UnknownCampaign
    return msgspec.convert(labelled(row), CampaignView, dec_hook=dec_hook)


async def campaigns_of(tx: Tx, uai: Uai) -> Sequence[SchoolCampaign]:
    """Those that address a school, the nearest deadline first among the open ones."""
    rows = [labelled(row) for row in await tx.fetch(OF_A_SCHOOL, uai)]
    places = [f"/v1/hr-networks/campaigns/{row['id']}/answers/{uai}" for row in rows]
    whole = [{**row, "answer": place} for row, place in zip(rows, places, strict=True)]
    return msgspec.convert(whole, list[SchoolCampaign], dec_hook=dec_hook)


def labelled(row: Record) -> dict[str, Any]:
    return {**row, "status_label": Status(row["status"]).label}


LIST = """
SELECT id, academie, object, function, deadline, status, opened_at, closed_at FROM campaign
WHERE ($1::text IS NULL OR academie = $1) AND ($2::text IS NULL OR status = $2) AND ($3::uuid IS NULL OR id < $3)
ORDER BY id DESC LIMIT $4
"""

ONE = """
SELECT id, academie, object, function, deadline, status, opened_at, closed_at,
    letter, service, signatory, contact, closing_reason, revision
FROM campaign WHERE id = $1
"""

OF_A_SCHOOL = """
SELECT c.id, c.academie, c.object, c.function, c.deadline, c.status, c.opened_at, c.closed_at,
    a.uai, a.revision, a.answered_at,
    ARRAY(SELECT r.sent_on FROM reminder r WHERE (r.academie, r.campaign, r.uai) = (a.academie, a.campaign, a.uai)
          ORDER BY r.sent_on) AS reminded_on
FROM addressed_school a JOIN campaign c ON (c.academie, c.id) = (a.academie, a.campaign)
WHERE a.uai = $1
ORDER BY c.status = 'closed', c.deadline, c.id
"""
