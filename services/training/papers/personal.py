"""What papers hold of somebody, and what an erasure leaves of it: numbers, kinds, dates, and what a law still keeps."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

import msgspec
from asyncpg import Record

from common.clock import today_in
from common.people import Personal
from common.tx import Tx
from training.papers.domain import Kind, kept_until


async def export(tx: Tx, person: UUID) -> Mapping[str, object]:
    return {
        "papers": [{**row, "content": said(row["content"])} for row in await tx.fetch(PAPERS, person)],
        "paper_reasons": [dict(row) for row in await tx.fetch(REASONS, person)],
        "presences": [dict(row) for row in await tx.fetch(PRESENCES, person)],
        "identity": [dict(row) for row in await tx.fetch(IDENTITY, person)],
    }


def said(content: str | None) -> object:
    return None if content is None else msgspec.json.decode(content)


async def erase(tx: Tx, person: UUID) -> Mapping[str, int]:
    """What a legal retention keeps is dated, and goes on that day; asked again, nothing is dated twice."""
    dated = [(row["academie"], row["id"], until(row)) for row in await tx.fetch(HELD, person)]
    gone = [each for each in dated if each[2] <= today_in(each[0], tx.at)]
    kept = [each for each in dated if each not in gone]
    tx.many(ERASE, [(academie, paper) for academie, paper, _ in gone])
    tx.many(DATE, kept)
    counts = await tx.fetchrow(BLANK, person)
    assert counts is not None
    return {"papers": len(gone), "papers_kept_by_law": len(kept), **counts}


def until(row: Record) -> date:
    return kept_until(Kind(row["kind"]), today_in(row["academie"], row["issued_at"]), row["years"])


PERSONAL = Personal(export=export, erase=erase)

PAPERS = """
SELECT p.academie, p.number, p.kind, p.issued_at, p.subject, p.granted, p.cancelled_by, t.content,
    t.erase_on AS kept_until
FROM paper p LEFT JOIN paper_print t ON (t.academie, t.paper) = (p.academie, p.id)
WHERE p.person = $1 ORDER BY p.issued_at, p.id
"""

REASONS = """
SELECT a.subject AS paper, a.action, a.at, r.reason
FROM audit a JOIN audit_reason r ON (r.academie, r.audit) = (a.academie, a.id)
JOIN paper p ON (p.academie, p.id) = (a.academie, a.subject)
WHERE p.person = $1 ORDER BY a.id
"""

PRESENCES = """
SELECT s.academie, s.session, s.day, s.half, s.version, s.present, s.justified, s.recorded_at
FROM session_presence s JOIN candidature c ON (c.academie, c.id) = (s.academie, s.candidature)
WHERE c.person = $1 ORDER BY s.day, s.half, s.version
"""

IDENTITY = """
SELECT academie, civility, family_name, given_names, work_mail, uai FROM person WHERE id = $1 AND NOT erased
"""

HELD = """
SELECT p.academie, p.id, p.kind, p.issued_at, r.years
FROM paper p JOIN paper_print t ON (t.academie, t.paper) = (p.academie, p.id)
LEFT JOIN paper_retention r ON (r.academie, r.kind) = (p.academie, p.kind)
WHERE p.person = $1 AND t.erase_on IS NULL ORDER BY p.id
"""

ERASE = "DELETE FROM paper_print WHERE academie = $1 AND paper = $2"

DATE = "UPDATE paper_print SET erase_on = $3 WHERE academie = $1 AND paper = $2"

# A mail that waits is still to be sent; the others keep no address. hr_networks blanks the name by its own stream.
BLANK = """
WITH theirs AS (
    SELECT academie, id FROM paper WHERE person = $1
), reasons AS (
    DELETE FROM audit_reason r USING audit a, theirs p
    WHERE (r.academie, r.audit) = (a.academie, a.id) AND (a.academie, a.subject) = (p.academie, p.id) RETURNING 1
), mails AS (
    UPDATE mail m SET recipient = '' FROM theirs p
    WHERE m.academie = p.academie AND m.key = p.id || '/told' AND m.state <> 'waiting' AND m.recipient <> '' RETURNING 1
)
SELECT (SELECT count(*) FROM reasons) AS paper_reasons, (SELECT count(*) FROM mails) AS paper_mails
"""
