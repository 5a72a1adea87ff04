"""Corrected rates in the database, and what one of them would change before it is applied."""

from collections.abc import Iterable
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from common import audit
from common.identifiers import CodeAcademie
from common.tx import Tx
from payroll.elements import store as elements
from payroll.elements.store import File, Setting
from payroll.expenses.domain import assess
from payroll.rates.domain import ProposedRate, Rate, UnknownRate


class Difference(Struct, frozen=True, kw_only=True):
    """Ce qu’un taux changerait au montant dû d’une mission, en centimes."""

    mission: UUID
    person: UUID
    before: int | None  # None: held, for want of a rate
    after: int | None
    difference: int


class Differences(Struct, frozen=True, kw_only=True):
    """Ce qu’un taux changerait, mission par mission, avant de l’appliquer."""

    rate: UUID
    missions: list[Difference]
    total: int


async def record_proposal(tx: Tx, academie: CodeAcademie, identifier: UUID, rate: Rate, *, by: UUID) -> None:
    what = (rate.kind, rate.category, rate.above_km, rate.mills, rate.valid_from, rate.source)
    await tx.execute(PROPOSE, academie, identifier, *what, rate.recorded_at, by)
    detail: dict[str, str | int] = {"kind": rate.kind, "mills": rate.mills, "valid_from": str(rate.valid_from)}
    audit.record(tx, academie, "rate-proposed", identifier, detail=detail)


async def proposed(tx: Tx, identifier: UUID, *, lock: bool = False) -> tuple[CodeAcademie, ProposedRate]:
    row = await tx.fetchrow(f"{ONE} FOR UPDATE" if lock else ONE, identifier)
    if row is None:
        raise UnknownRate
    return CodeAcademie(row["academie"]), proposed_of(row)


async def of_academie(tx: Tx, academie: CodeAcademie) -> list[ProposedRate]:
    return [proposed_of(row) for row in await tx.fetch(ALL, academie)]


async def record_application(tx: Tx, academie: CodeAcademie, rate: ProposedRate) -> int:
    """In force from now on: what is due to everybody is computed again, what was sent is regularised."""
    await tx.execute(APPLY, academie, rate.id, tx.at)
    audit.record(tx, academie, "rate-applied", rate.id, detail={"mills": rate.rate.mills})
    return rate.revision + 1


async def differences(tx: Tx, academie: CodeAcademie, rate: ProposedRate) -> Differences:
    setting = await elements.read_setting(tx, academie)
    files = await elements.read_files(tx, academie)
    found = [each for file in files for each in compared(file, setting, academie, rate.rate)]
    return Differences(rate=rate.id, missions=found, total=sum(each.difference for each in found))


def compared(file: File, setting: Setting, academie: str, rate: Rate) -> Iterable[Difference]:
    before = assess(file.missions, setting.basis(academie))
    after = assess(file.missions, setting.basis(academie, rate))
    for one, other in zip(before, after, strict=True):
        known, then = (None if each.due is None else each.amount for each in (one, other))
        if known != then:
            yield Difference(
                mission=one.mission.id,
                person=file.person,
                before=known,
                after=then,
                difference=(then or 0) - (known or 0),
            )


def proposed_of(row: asyncpg.Record) -> ProposedRate:
    rate = msgspec.convert(dict(row), Rate)
    return ProposedRate(id=row["id"], rate=rate, applied=row["applied"], revision=row["revision"])


PROPOSE = """
INSERT INTO rate (academie, id, kind, category, above_km, mills, valid_from, source, recorded_at, recorded_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""

RATE = """
SELECT academie, id, kind, category, above_km, mills, valid_from, source, recorded_at,
    applied_at IS NOT NULL AS applied, revision
FROM rate
"""

ONE = f"{RATE} WHERE id = $1"

ALL = f"{RATE} WHERE academie = $1 ORDER BY recorded_at, id"

APPLY = """
WITH changed AS (UPDATE traveller SET changed_at = $3 WHERE academie = $1)
UPDATE rate SET applied_at = $3, revision = revision + 1 WHERE academie = $1 AND id = $2
"""
