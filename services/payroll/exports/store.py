"""Exports in the database: a campaign's elements locked, sent once, and answered line by line."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid5

import asyncpg
import msgspec
from msgspec import Struct

from common import audit, outbox
from common.clock import today_in
from common.identifiers import BASSIN, CodeAcademie
from common.protocol import PreconditionFailed
from common.refusal import Unavailable
from common.tx import Tx
from payroll.campaigns.domain import UnknownPayCampaign
from payroll.exports.documents import PayFile
from payroll.exports.domain import DEFAULT, Answered, Column, Outcome, Payable, SentLine, UnknownExport, exported, told
from payroll.exports.views import ColumnsView, ExportView
from payroll.rules.domain import Rules


class ExportInProgress(Unavailable):
    code = "export-in-progress"
    title = "Transmission en cours"


class Locked(Struct, frozen=True, kw_only=True):
    """All that an export is made of; `export` is the one that was made already."""

    academie: str
    campaign: UUID
    locked: bool
    columns: tuple[Column, ...] = DEFAULT
    rules: Rules = Rules()
    export: UUID | None = None
    payables: tuple[Payable, ...] = ()


class LockedExport(Struct, frozen=True, kw_only=True):
    academie: str
    export: UUID
    revision: int
    lines: tuple[SentLine, ...]


async def lock_campaign(tx: Tx, campaign: UUID) -> Locked:
    row = await tx.fetchrow(LOCK, campaign)
    if row is None:
        raise UnknownPayCampaign
    return msgspec.json.decode(row["locked"], type=Locked)


async def record(tx: Tx, locked: Locked, export: UUID, lines: Sequence[Payable], file: PayFile) -> ExportView:
    """The file as it was sent, and its elements, which never change from here on."""
    assert tx.agent is not None
    today = today_in(locked.academie, tx.at)
    keep_until = years_later(today, locked.rules.retention_years)
    who = (tx.at, tx.agent.id)
    made = (file.lines, file.total, file.sha256, file.content, keep_until)
    try:
        await tx.execute(RECORD, locked.academie, export, locked.campaign, *who, *made, [e.element for e in lines])
    except asyncpg.UniqueViolationError as race:
        if race.constraint_name != "one_export_per_campaign":
            raise
        raise ExportInProgress("Renvoyez la même demande.", retry_after=1) from race
    outbox.append(tx, locked.academie, exported(lines, locked.campaign, export))
    detail: dict[str, str | int] = {"lines": file.lines, "total": file.total, "sha256": file.sha256.hex()}
    audit.record(tx, locked.academie, "pay-campaign-exported", export, detail=detail)
    return ExportView(
        id=export,
        academie=CodeAcademie(locked.academie),
        campaign=locked.campaign,
        exported_at=tx.at,
        lines=file.lines,
        total=file.total,
        sha256=file.sha256.hex(),
        keep_until=keep_until,
    )


def years_later(day: date, years: int) -> date:
    """The same day; of 29 February the first of March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


async def lock_export(tx: Tx, export: UUID) -> LockedExport:
    row = await tx.fetchrow(LOCK_EXPORT, export)
    if row is None:
        raise UnknownExport
    return msgspec.json.decode(row["locked"], type=LockedExport)


async def record_answers(tx: Tx, locked: LockedExport, answered: Sequence[Answered]) -> int:
    """The export's new revision; of what was rejected a further element is computed."""
    rows = [{"id": a.sent.element, "status": a.outcome, "rejection": a.reason} for a in answered]
    rejected = [each for each in answered if each.outcome is Outcome.REJECTED]
    persons = sorted({each.sent.person for each in rejected})
    encoded = msgspec.json.encode(rows).decode()
    await tx.execute(ANSWER, locked.academie, locked.export, encoded, persons, tx.at)
    outbox.append(tx, locked.academie, told(answered, locked.export))
    counts = {"acknowledged": len(answered) - len(rejected), "rejected": len(rejected)}
    audit.record(tx, locked.academie, "export-answered", locked.export, detail=counts)
    for each in rejected:
        audit.record(tx, locked.academie, "element-rejected", each.sent.element, reason=each.reason)
    return locked.revision + 1


async def columns(tx: Tx, academie: CodeAcademie) -> ColumnsView:
    row = await tx.fetchrow("SELECT columns, revision FROM columns WHERE academie = $1", academie)
    if row is None:
        return ColumnsView(academie=academie, columns=DEFAULT, revision=0)
    known = msgspec.json.decode(row["columns"], type=tuple[Column, ...])
    return ColumnsView(academie=academie, columns=known, revision=row["revision"])


async def record_columns(tx: Tx, known: ColumnsView, wanted: tuple[Column, ...]) -> ColumnsView:
    encoded = msgspec.json.encode(wanted).decode()
    revision = await tx.fetchval(RECORD_COLUMNS, known.academie, encoded, known.revision)
    if revision is None:
        raise PreconditionFailed("Quelqu’un d’autre vient de changer ces colonnes.")
    subject = uuid5(BASSIN, f"payroll-columns:{known.academie}")
    audit.record(tx, known.academie, "pay-columns-set", subject, detail={"columns": len(wanted), "revision": revision})
    return ColumnsView(academie=known.academie, columns=wanted, revision=revision)


# Whoever computes holds the rows of the travellers: nothing changes under an export.
LOCK = """
WITH asked AS MATERIALIZED (SELECT * FROM campaign WHERE id = $1 FOR SHARE), mine AS MATERIALIZED (
    SELECT el.*, e.number, e.uai, e.commune,
        coalesce(p.civility, '') AS civility, coalesce(p.family_name, '') AS family_name,
        coalesce(p.given_names, '') AS given_names
    FROM asked c
    JOIN element el ON (el.academie, el.campaign) = (c.academie, c.id) AND el.status = 'ready'
    JOIN traveller t ON (t.academie, t.person) = (el.academie, el.person)
    JOIN expected_expense e ON (e.academie, e.mission) = (el.academie, el.mission)
    LEFT JOIN person p ON (p.academie, p.id) = (el.academie, el.person)
    ORDER BY t.person FOR UPDATE OF t, el
)
SELECT jsonb_build_object('academie', c.academie, 'campaign', c.id, 'locked', c.locked_at IS NOT NULL,
    'export', (SELECT x.id FROM export x WHERE (x.academie, x.campaign) = (c.academie, c.id)),
    'payables', (SELECT coalesce(jsonb_agg(jsonb_build_object('element', m.id, 'mission', m.mission, 'rank', m.rank,
        'number', m.number, 'person', m.person, 'civility', m.civility, 'family_name', m.family_name,
        'given_names', m.given_names, 'uai', m.uai, 'commune', m.commune, 'day', m.day, 'month', m.month,
        'late_from', m.late_from, 'lines', m.lines)), '[]') FROM mine m))
    || coalesce((SELECT jsonb_build_object('columns', k.columns) FROM columns k WHERE k.academie = c.academie), '{}')
    || coalesce((SELECT jsonb_build_object('rules', r.rules) FROM rules r WHERE r.academie = c.academie), '{}')
    AS locked
FROM asked c
"""

RECORD = """
WITH made AS (
    INSERT INTO export (academie, id, campaign, exported_at, exported_by, lines, total, sha256, content, keep_until)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
)
UPDATE element SET status = 'exported', export = $2, line = sent.line, revision = element.revision + 1
FROM unnest($11::uuid[]) WITH ORDINALITY AS sent (id, line)
WHERE element.academie = $1 AND element.id = sent.id
"""

LOCK_EXPORT = """
WITH asked AS MATERIALIZED (SELECT * FROM export WHERE id = $1 FOR UPDATE), mine AS MATERIALIZED (
    SELECT el.* FROM asked x JOIN element el ON (el.academie, el.export) = (x.academie, x.id)
    JOIN traveller t ON (t.academie, t.person) = (el.academie, el.person)
    ORDER BY t.person FOR UPDATE OF t, el
)
SELECT jsonb_build_object('academie', x.academie, 'export', x.id, 'revision', x.revision,
    'lines', (SELECT coalesce(jsonb_agg(jsonb_build_object('line', m.line, 'element', m.id, 'mission', m.mission,
        'person', m.person, 'campaign', m.campaign, 'status', m.status) ORDER BY m.line), '[]') FROM mine m)) AS locked
FROM asked x
"""

ANSWER = """
WITH seen AS (UPDATE export SET revision = revision + 1 WHERE academie = $1 AND id = $2), again AS (
    UPDATE traveller SET changed_at = $5 WHERE academie = $1 AND person = ANY($4::uuid[])
)
UPDATE element SET status = a.status, rejection = a.rejection, revision = element.revision + 1
FROM jsonb_to_recordset($3::jsonb) AS a (id uuid, status text, rejection text)
WHERE element.academie = $1 AND element.id = a.id
"""

RECORD_COLUMNS = """
INSERT INTO columns (academie, revision, columns) VALUES ($1, 1, $2)
ON CONFLICT (academie) DO UPDATE SET columns = EXCLUDED.columns, revision = columns.revision + 1
WHERE columns.revision = $3
RETURNING revision
"""
