"""Candidatures in the database: what is locked before a decision, and what a decision writes."""

from collections.abc import Sequence
from datetime import date
from typing import TypeAlias, assert_never
from uuid import UUID

import msgspec
from asyncpg import Record, UniqueViolationError
from msgspec import Struct

from common import audit, outbox
from common.contracts.training import (
    AvisLapsed,
    CandidatureNotRetained,
    CandidaturePromoted,
    CandidatureRetained,
    CandidatureSubmitted,
    CandidatureWaitlisted,
    CandidatureWithdrawn,
)
from common.identifiers import dec_hook, enc_hook
from common.tx import Tx
from training.candidatures.domain import (
    AlreadyApplied,
    Applicant,
    Candidature,
    Opening,
    Status,
    UnknownCandidature,
)
from training.groups.domain import Engagement
from training.offers.domain import UnknownOffer
from training.promotions.domain import Standing

Decision: TypeAlias = (
    AvisLapsed
    | CandidatureRetained
    | CandidatureWaitlisted
    | CandidatureNotRetained
    | CandidaturePromoted
    | CandidatureWithdrawn
)


class Applying(Struct, frozen=True, kw_only=True):
    """All that an application is judged against."""

    opening: Opening
    applicant: Applicant


class Held(Struct, frozen=True, kw_only=True):
    """All candidatures of an offer, locked; `me` is the person that whoever asks is logged in as."""

    standing: Standing
    me: UUID | None
    engagements: tuple[Engagement, ...]  # of that person, outside of this offer


async def applying(tx: Tx, offer: UUID, agent: UUID, *, today: date) -> Applying:
    row = await tx.fetchrow(TO_AN_OFFER, agent, today, offer)
    if row is None:
        raise UnknownOffer
    return applying_of(row)


async def lock_one(tx: Tx, candidature: UUID, agent: UUID, *, today: date) -> tuple[Candidature, Applying]:
    row = await tx.fetchrow(WITH_A_DRAFT, agent, today, candidature)
    if row is None:
        raise UnknownCandidature
    return msgspec.json.decode(row["draft"], type=Candidature, dec_hook=dec_hook), applying_of(row)


async def lock_all(tx: Tx, offer: UUID, agent: UUID | None = None) -> Held:
    row = await tx.fetchrow(LOCK_ALL.format(offer="$1"), offer, agent)
    if row is None:
        raise UnknownOffer
    return held_of(row)


async def lock_all_around(tx: Tx, candidature: UUID, agent: UUID | None = None) -> Held:
    """All of its offer: whoever leaves, moves or accepts, what becomes free or full is decided with it."""
    row = await tx.fetchrow(LOCK_ALL.format(offer=OFFER_OF), candidature, agent)
    if row is None:
        raise UnknownCandidature
    return held_of(row)


def applying_of(row: Record) -> Applying:
    return Applying(
        opening=msgspec.json.decode(row["opening"], type=Opening, dec_hook=dec_hook),
        applicant=msgspec.json.decode(row["applicant"], type=Applicant, dec_hook=dec_hook),
    )


def held_of(row: Record) -> Held:
    standing = msgspec.json.decode(row["standing"], type=Standing, dec_hook=dec_hook)
    engagements = msgspec.json.decode(row["engagements"], type=tuple[Engagement, ...])
    return Held(standing=standing, me=row["me"], engagements=engagements)


async def record_start(tx: Tx, candidature: Candidature, submitted: CandidatureSubmitted | None) -> None:
    status = Status.DRAFT if submitted is None else Status.SUBMITTED
    columns = (candidature.academie, candidature.id, candidature.offer, candidature.person)
    place = (candidature.uai, candidature.bassin, status, document(candidature.groups))
    try:
        await tx.execute(START, *columns, *place, tx.at, None if submitted is None else tx.at)
    except UniqueViolationError as race:
        if race.constraint_name != "one_candidature_per_person_and_offer":
            raise
        raise AlreadyApplied from race
    outbox.append(tx, candidature.academie, [] if submitted is None else [submitted])
    action = "candidature-drafted" if submitted is None else "candidature-submitted"
    audit.record(tx, candidature.academie, action, candidature.id)


async def record_submission(tx: Tx, draft: Candidature, submitted: CandidatureSubmitted) -> None:
    await tx.execute(SUBMIT, draft.academie, draft.id, submitted.uai, submitted.bassin, tx.at)
    outbox.append(tx, draft.academie, [submitted])
    audit.record(tx, draft.academie, "candidature-submitted", draft.id)


async def record_groups(tx: Tx, candidature: Candidature, groups: dict[UUID, UUID]) -> None:
    await tx.execute(CHOOSE, candidature.academie, candidature.id, document(groups))
    audit.record(tx, candidature.academie, "candidature-groups-chosen", candidature.id)


async def record(tx: Tx, academie: str, decisions: Sequence[Decision], *, reason: str | None = None) -> None:
    """Make the decisions true here and known elsewhere."""
    await tx.execute(DECIDE, *rows(academie, decisions))
    tell(tx, academie, decisions, reason=reason)


def tell(tx: Tx, academie: str, decisions: Sequence[Decision], *, reason: str | None = None) -> None:
    """The reason, given for the whole, is kept with each."""
    outbox.append(tx, academie, decisions)
    for decision in decisions:
        action = f"candidature-{status_of(decision).replace('_', '-')}"
        audit.record(tx, academie, action, decision.subject, reason=reason)


async def record_withdrawal(tx: Tx, leaving: Candidature, moves: Sequence[Decision], *, reason: str | None) -> None:
    """The reason is that of whoever leaves; a draft, which was told to nobody, leaves without an event."""
    if moves:
        await tx.execute(DECIDE, *rows(leaving.academie, moves))
        tell(tx, leaving.academie, moves[:1], reason=reason)
        tell(tx, leaving.academie, moves[1:])
    else:
        await set_status(tx, [leaving], Status.WITHDRAWN)
        audit.record(tx, leaving.academie, "candidature-withdrawn", leaving.id, reason=reason)


async def set_status(tx: Tx, candidatures: Sequence[Candidature], status: Status) -> None:
    """A state that says nothing more than what an event of a paper or of an attendance has told."""
    ids = [each.id for each in candidatures]
    await tx.execute(SET_STATUS, candidatures[0].academie, ids, status)


def rows(academie: str, decisions: Sequence[Decision]) -> tuple[object, ...]:
    """The parameters of DECIDE."""
    return (
        academie,
        [each.subject for each in decisions],
        [status_of(each) for each in decisions],
        [each.rank if isinstance(each, CandidatureWaitlisted) else None for each in decisions],
        [each.accept_by if isinstance(each, CandidaturePromoted) else None for each in decisions],
    )


def status_of(decision: Decision) -> Status:
    match decision:
        case AvisLapsed():
            return Status.AVIS_LAPSED
        case CandidatureRetained():
            return Status.RETAINED
        case CandidatureWaitlisted():
            return Status.WAITLISTED
        case CandidatureNotRetained():
            return Status.NOT_RETAINED
        case CandidaturePromoted():
            return Status.PROMOTED
        case CandidatureWithdrawn():
            return Status.WITHDRAWN
        case _:
            assert_never(decision)


def document(groups: object) -> str:
    return msgspec.json.encode(groups, enc_hook=enc_hook).decode()


# The person behind the login, the schools that named him for the function in the latest census, what he is expected
# at, the places taken.
APPLYING = """
SELECT jsonb_build_object('academie', o.academie, 'id', o.id, 'opens_on', o.opens_on, 'closes_on', o.closes_on,
        'modules', o.programme) AS opening,
    jsonb_build_object(
        'person', p.person,
        'schools', (SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object(
                'uai', s.uai, 'bassin', bassin_on(place.memberships, $2))), '[]')
            FROM census_school s
            LEFT JOIN school place ON (place.academie, place.uai) = (s.academie, s.uai)
            WHERE s.academie = o.academie AND p.person = ANY(s.persons) AND s.census = (
                SELECT c.id FROM census c WHERE c.academie = o.academie AND lower(c.function) = lower(o.function)
                ORDER BY c.id DESC LIMIT 1) AND (place.closed_on IS NULL OR $2 < place.closed_on)),
        'engagements', (SELECT coalesce(jsonb_agg(jsonb_build_object('day', e.day, 'half', e.half, 'what', e.what)),
            '[]') FROM engagements(o.academie, p.person) e WHERE e.offer IS DISTINCT FROM o.id),
        'taken', (SELECT coalesce(jsonb_object_agg(t.session, t.taken), '{{}}')
            FROM places_taken(o.academie, o.id) t)) AS applicant{draft}
FROM offer o LEFT JOIN LATERAL (
    SELECT person FROM linked_person l WHERE (l.academie, l.agent) = (o.academie, $1) AND NOT l.erased LIMIT 1
) p ON true
{scope}
"""
TO_AN_OFFER = APPLYING.format(draft="", scope="WHERE o.id = $3 AND o.status = 'published'")
WITH_A_DRAFT = APPLYING.format(
    draft=", to_jsonb(c) AS draft",
    scope="JOIN candidature c ON (c.academie, c.offer) = (o.academie, o.id) WHERE c.id = $3 FOR UPDATE OF c",
)

START = """
INSERT INTO candidature (academie, id, offer, person, uai, bassin, status, groups, created_at, submitted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""

SUBMIT = """
UPDATE candidature SET status = 'submitted', uai = $3, bassin = $4, submitted_at = $5 WHERE academie = $1 AND id = $2
"""

CHOOSE = "UPDATE candidature SET groups = $3 WHERE academie = $1 AND id = $2"

SET_STATUS = "UPDATE candidature SET status = $3 WHERE academie = $1 AND id = ANY($2)"

DECIDE = """
UPDATE candidature SET status = d.status, rank = d.rank, accept_by = d.accept_by
FROM unnest($2::uuid[], $3::text[], $4::int[], $5::date[]) AS d (id, status, rank, accept_by)
WHERE candidature.academie = $1 AND candidature.id = d.id
"""

# What is read of a row after waiting for it is its newest version: status and groups stand in the row itself.
# $1 is the offer, or the candidature meant, which is locked whatever its state.
OFFER_OF = "(SELECT offer FROM candidature WHERE id = $1)"
LOCK_ALL = """
WITH locked AS MATERIALIZED (
    SELECT c.*, o.quotas, o.quotas_revision
    FROM candidature c JOIN offer o ON (o.academie, o.id) = (c.academie, c.offer)
    WHERE o.id = {offer} AND (c.status <> 'draft' OR c.id = $1)
    ORDER BY c.id FOR UPDATE OF c FOR NO KEY UPDATE OF o
)
SELECT jsonb_build_object('academie', o.academie, 'offer', o.id, 'title', o.title, 'modules', o.programme,
        'quotas', coalesce((SELECT quotas FROM locked LIMIT 1), o.quotas),
        'quotas_revision', coalesce((SELECT quotas_revision FROM locked LIMIT 1), o.quotas_revision),
        'first_day', coalesce(o.first_day, o.closes_on), 'closes_on', o.closes_on,
        'acceptance_days', o.acceptance_days,
        'selected', ARRAY(SELECT bassin FROM selection s WHERE (s.academie, s.offer) = (o.academie, o.id)),
        'candidatures', (SELECT coalesce(jsonb_agg(to_jsonb(l) ORDER BY l.id), '[]') FROM locked l)) AS standing,
    p.person AS me, (SELECT coalesce(jsonb_agg(jsonb_build_object('day', e.day, 'half', e.half, 'what', e.what)), '[]')
        FROM engagements(o.academie, p.person) e WHERE e.offer IS DISTINCT FROM o.id) AS engagements
FROM offer o LEFT JOIN LATERAL (
    SELECT person FROM linked_person l WHERE (l.academie, l.agent) = (o.academie, $2) AND NOT l.erased LIMIT 1
) p ON true
WHERE o.id = {offer}
"""
