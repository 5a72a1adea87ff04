"""The expected expenses: every ordre de mission that payroll has heard of, and whether its attendance is known."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec
from msgspec import Struct

from common.identifiers import CodeAcademie, CommuneInsee, Uai, dec_hook
from common.tx import Tx


class MissionStatus(StrEnum):
    EXPECTED = "expected"
    CANCELLED = "cancelled"
    HELD = "held"

    @property
    def label(self) -> str:
        return {"expected": "présence attendue", "cancelled": "annulée", "held": "réunion tenue"}[self.value]


class MissionView(Struct, frozen=True, kw_only=True):
    """Une mission : la dépense qu’elle laisse attendre devient un élément avec la présence."""

    mission: UUID
    academie: CodeAcademie
    number: str
    person: UUID
    uai: Uai
    meeting: UUID
    candidature: UUID
    commune: CommuneInsee
    starts_at: datetime
    ends_at: datetime
    status: MissionStatus
    status_label: str
    elements: list[UUID]  # by rank


class Wanted(Struct, frozen=True, kw_only=True):
    academies: Sequence[CodeAcademie]
    academie: CodeAcademie | None = None
    person: UUID | None = None
    meeting: UUID | None = None
    status: MissionStatus | None = None


async def missions(tx: Tx, wanted: Wanted, after: tuple[datetime, UUID] | None, limit: int) -> list[MissionView]:
    """By their beginning."""
    asked = (wanted.academie, wanted.person, wanted.meeting, wanted.status)
    rows = await tx.fetch(LIST, list(wanted.academies), *asked, *(after or (None, None)), limit)
    labelled = [{**row, "status_label": MissionStatus(row["status"]).label} for row in rows]
    return msgspec.convert(labelled, list[MissionView], dec_hook=dec_hook)


LIST = """
SELECT * FROM (
    SELECT e.mission, e.academie, e.number, e.person, e.uai, e.meeting, e.candidature, e.commune, e.starts_at,
        e.ends_at,
        CASE WHEN e.cancelling IS NOT NULL THEN 'cancelled' WHEN d.presences IS NULL THEN 'expected'
            ELSE 'held' END AS status,
        ARRAY(SELECT el.id FROM element el WHERE (el.academie, el.mission) = (e.academie, e.mission)
              ORDER BY el.rank) AS elements
    FROM expected_expense e JOIN service_done d ON (d.academie, d.meeting) = (e.academie, e.meeting)
    WHERE e.academie = ANY($1)
        AND ($2::text IS NULL OR e.academie = $2) AND ($3::uuid IS NULL OR e.person = $3)
        AND ($4::uuid IS NULL OR e.meeting = $4)
        AND ($6::timestamptz IS NULL OR (e.starts_at, e.mission) > ($6, $7::uuid))
) m
WHERE $5::text IS NULL OR m.status = $5
ORDER BY m.starts_at, m.mission LIMIT $8
"""
