"""Avis in the database: the candidatures they are about, locked, and what is written once and for all."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

import msgspec
from msgspec import Struct

from common import audit, outbox
from common.contracts.training import AvisGiven, CandidatureNotRetained
from common.identifiers import dec_hook, enc_hook
from common.tx import Tx
from training.avis.domain import Asked, AvisWish, Criterion, LapseWish, refusals_before
from training.candidatures.domain import Candidature, UnknownCandidature


class Given(Struct, frozen=True, kw_only=True):
    """An avis that was accepted, to be written."""

    academie: str
    event: AvisGiven
    wish: AvisWish
    refusals: int


async def lock_asked(tx: Tx, candidatures: Sequence[UUID]) -> Mapping[UUID, Asked]:
    """With all candidatures of the same people: two avis given to one person at once count one after the other."""
    rows = await tx.fetch(ASKED, list(candidatures))
    known = [msgspec.json.decode(row["candidature"], type=Candidature, dec_hook=dec_hook) for row in rows]
    return {
        each.id: asked_of(each, row["avis_deadline"], known)
        for each, row in zip(known, rows, strict=True)
        if each.id in set(candidatures)
    }


async def lock_one(tx: Tx, candidature: UUID) -> Asked:
    asked = (await lock_asked(tx, [candidature])).get(candidature)
    if asked is None:
        raise UnknownCandidature
    return asked


def asked_of(candidature: Candidature, deadline: date, known: Iterable[Candidature]) -> Asked:
    theirs = [each for each in known if each.person == candidature.person]
    return Asked(candidature=candidature, deadline=deadline, refusals=refusals_before(candidature, theirs))


async def record(tx: Tx, given: Sequence[Given], *, by: UUID) -> None:
    """All of them in one statement: many are given as fast as one."""
    await tx.execute(GIVE, msgspec.json.encode([line(each) for each in given], enc_hook=enc_hook).decode(), by, tx.at)
    for each in given:
        outbox.append(tx, each.academie, [each.event])
        detail: dict[str, str | int] = {"avis": str(each.event.avis), "value": each.event.value}
        audit.record(tx, each.academie, "avis-given", each.event.subject, detail=detail)


def line(given: Given) -> dict[str, object]:
    rated = {criterion: getattr(given.wish, criterion) for criterion in Criterion}
    comments: dict[str, str] = {criterion: each.comment for criterion, each in rated.items()}
    if given.wish.reasons is not None:
        comments["reasons"] = given.wish.reasons
    return {
        "academie": given.academie,
        "id": given.event.avis,
        "candidature": given.event.subject,
        "value": given.event.value,
        **{criterion: each.rating for criterion, each in rated.items()},
        "refusals": given.refusals,
        "comments": comments,
    }


async def record_lapse_decision(
    tx: Tx, candidature: Candidature, wish: LapseWish, ended: CandidatureNotRetained | None
) -> None:
    await tx.execute(AFTER_LAPSE, candidature.academie, candidature.id, wish.go_on)
    outbox.append(tx, candidature.academie, [] if ended is None else [ended])
    detail: dict[str, str | int] = {"go_on": int(wish.go_on)}
    audit.record(tx, candidature.academie, "lapse-decided", candidature.id, reason=wish.reason, detail=detail)


ASKED = """
SELECT to_jsonb(c) AS candidature, o.avis_deadline
FROM candidature c JOIN offer o ON (o.academie, o.id) = (c.academie, c.offer)
WHERE c.status <> 'draft' AND (c.academie, c.person) IN (
    SELECT academie, person FROM candidature WHERE id = ANY($1))
ORDER BY c.id FOR UPDATE OF c
"""

GIVE = """
WITH given AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS g (academie text, id uuid, candidature uuid, value text,
        competences text, animation text, service text, refusals int, comments jsonb)
), sent AS (
    INSERT INTO avis (academie, id, candidature, value, competences, animation, service, given_by, given_at)
    SELECT academie, id, candidature, value, competences, animation, service, $2, $3 FROM given
), commented AS (
    INSERT INTO avis_comment (academie, avis, about, comment)
    SELECT academie, id, c.about, c.comment FROM given, jsonb_each_text(comments) AS c (about, comment)
)
UPDATE candidature SET status = 'avis_given', avis = given.id, avis_value = given.value, refusals = given.refusals
FROM given WHERE (candidature.academie, candidature.id) = (given.academie, given.candidature)
"""

AFTER_LAPSE = """
UPDATE candidature SET goes_on = $3, status = CASE WHEN $3 THEN status ELSE 'not_retained' END
WHERE academie = $1 AND id = $2
"""
