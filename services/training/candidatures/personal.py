"""What training holds of somebody who applied, and what an erasure leaves of it: the decisions, without their texts."""

from collections.abc import Mapping
from uuid import UUID

from common.people import Personal
from common.tx import Tx


async def export(tx: Tx, person: UUID) -> Mapping[str, object]:
    return {
        "candidatures": [dict(row) for row in await tx.fetch(CANDIDATURES, person)],
        "avis": [dict(row) for row in await tx.fetch(AVIS, person)],
        "reasons": [dict(row) for row in await tx.fetch(REASONS, person)],
        "address": [dict(row) for row in await tx.fetch(ADDRESS, person)],
    }


async def erase(tx: Tx, person: UUID) -> Mapping[str, int]:
    """Who applied, was supported and went remains counted under a key that hr_networks has blanked."""
    row = await tx.fetchrow(BLANK, person)
    assert row is not None
    return dict(row)


PERSONAL = Personal(export=export, erase=erase)

CANDIDATURES = """
SELECT c.academie, c.id, o.title, o.year, c.uai, c.bassin, c.status, c.created_at, c.submitted_at, c.rank, c.accept_by
FROM candidature c JOIN offer o ON (o.academie, o.id) = (c.academie, c.offer) WHERE c.person = $1 ORDER BY c.id
"""

AVIS = """
SELECT a.candidature, a.value, a.competences, a.animation, a.service, a.given_at, m.about, m.comment
FROM avis a JOIN candidature c ON (c.academie, c.id) = (a.academie, a.candidature)
LEFT JOIN avis_comment m ON (m.academie, m.avis) = (a.academie, a.id)
WHERE c.person = $1 ORDER BY a.id, m.about
"""

REASONS = """
SELECT a.subject AS candidature, a.action, a.at, r.reason
FROM audit a JOIN audit_reason r ON (r.academie, r.audit) = (a.academie, a.id)
JOIN candidature c ON (c.academie, c.id) = (a.academie, a.subject)
WHERE c.person = $1 ORDER BY a.id
"""

ADDRESS = "SELECT academie, agent, work_mail FROM linked_person WHERE person = $1 AND NOT erased"

# A mail that waits is still to be sent; the others keep no address.
BLANK = """
WITH theirs AS (
    SELECT academie, id FROM candidature WHERE person = $1
), comments AS (
    DELETE FROM avis_comment m USING avis a, theirs c
    WHERE (m.academie, m.avis) = (a.academie, a.id) AND (a.academie, a.candidature) = (c.academie, c.id) RETURNING 1
), reasons AS (
    DELETE FROM audit_reason r USING audit a, theirs c
    WHERE (r.academie, r.audit) = (a.academie, a.id) AND (a.academie, a.subject) = (c.academie, c.id) RETURNING 1
), mails AS (
    UPDATE mail m SET recipient = '' FROM theirs c
    WHERE m.academie = c.academie AND m.key = c.id || '/promotion' AND m.state <> 'waiting' AND m.recipient <> ''
    RETURNING 1
)
SELECT (SELECT count(*) FROM comments) AS avis_comments, (SELECT count(*) FROM reasons) AS reasons,
    (SELECT count(*) FROM mails) AS mails
"""
