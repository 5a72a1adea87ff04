"""An answer in the database: what it is judged against, and the version that it becomes."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from common import audit, outbox
from common.contracts.hr_networks import CensusAnswered
from common.identifiers import Uai, dec_hook, enc_hook
from common.refusal import Unavailable
from common.tx import Tx
from hr_networks.census.domain import AddressedSchool, SchoolNotAddressed, UnknownCampaign
from hr_networks.people.domain import Declaration, Declared, Identity, Known, PersonWish


class PersonBeingDeclared(Unavailable):
    code = "person-being-declared"
    title = "Personne déclarée ou effacée par d’autres au même moment"


class Judged(Struct, frozen=True):
    """All that an answer is judged against."""

    school: AddressedSchool
    known: Known


async def lock_answer(tx: Tx, campaign: UUID, uai: Uai, wishes: Sequence[PersonWish]) -> Judged:
    """Lock the school's answer; the census stays open meanwhile, and other schools go on answering."""
    mails = [wish.work_mail.lower() for wish in wishes]
    row = await tx.fetchrow(LOCK, campaign, uai, mails)
    if row is None:
        raise await missing(tx, campaign)
    previous = msgspec.json.decode(row["previous"], type=tuple[Declared, ...])
    identities = msgspec.json.decode(row["identities"], type=tuple[Identity, ...], dec_hook=dec_hook)
    campaign_read = {**row, "revision": row["campaign_revision"]}
    school = {"campaign": campaign_read, "uai": uai, "revision": row["revision"]}
    return Judged(
        msgspec.convert(school, AddressedSchool, dec_hook=dec_hook),
        Known(uai=uai, previous=previous, identities=identities),
    )


async def missing(tx: Tx, campaign: UUID) -> UnknownCampaign | SchoolNotAddressed:
    known = await tx.fetchval("SELECT true FROM campaign WHERE id = $1", campaign)
    return SchoolNotAddressed() if known else UnknownCampaign()


async def record(tx: Tx, academie: str, answered: CensusAnswered, declaration: Declaration, *, by: UUID) -> None:
    lines = msgspec.json.encode(declaration.lines).decode()
    people = msgspec.json.encode(declaration.changed, enc_hook=enc_hook).decode()
    answer = (academie, answered.census, answered.uai, answered.revision, answered.identified)
    try:
        written = await tx.execute(RECORD, *answer, by, tx.at, lines, people)
    except asyncpg.UniqueViolationError as race:
        if race.constraint_name != "one_person_per_work_mail":
            raise
        raise PersonBeingDeclared("Renvoyez la même réponse.", retry_after=1) from race
    if written != f"INSERT 0 {len(declaration.lines)}":
        raise PersonBeingDeclared("Relisez votre réponse, puis renvoyez-la.", retry_after=1)
    outbox.append(tx, academie, [*declaration.changed, answered])
    detail: dict[str, str | int] = {"uai": str(answered.uai), "revision": answered.revision}
    audit.record(tx, academie, "census-answered", answered.census, detail=detail)


LOCK = """
SELECT c.id, c.academie, c.deadline, c.status, c.revision AS campaign_revision, a.revision,
    (SELECT coalesce(jsonb_agg(to_jsonb(d) ORDER BY d.rank), '[]') FROM declared_person d
     WHERE (d.academie, d.campaign, d.uai, d.revision) = (a.academie, a.campaign, a.uai, a.revision)
        AND NOT d.erased) AS previous,
    (SELECT coalesce(jsonb_agg(to_jsonb(p)), '[]') FROM person p
     WHERE p.academie = c.academie AND NOT p.erased AND (lower(p.work_mail) = ANY($3) OR p.id IN (
        SELECT d.person FROM declared_person d
        WHERE (d.academie, d.campaign, d.uai, d.revision) = (a.academie, a.campaign, a.uai, a.revision)
     ))) AS identities
FROM campaign c JOIN addressed_school a ON (a.academie, a.campaign) = (c.academie, c.id)
WHERE c.id = $1 AND a.uai = $2
FOR SHARE OF c FOR UPDATE OF a
"""

# The people named are locked: one whose erasure was committed since they were read is not written again.
# A reminder still waiting for the mail server would reach a school that is silent no more.
RECORD = """
WITH named AS MATERIALIZED (
    SELECT p.id, p.erased FROM person p
    WHERE p.academie = $1 AND p.id IN (SELECT (line ->> 'person')::uuid FROM jsonb_array_elements($8::jsonb) AS line)
    ORDER BY p.id FOR NO KEY UPDATE
), answered AS (
    UPDATE addressed_school SET revision = $4, answered_at = $7 WHERE (academie, campaign, uai) = ($1, $2, $3)
), version AS (
    INSERT INTO answer_version (academie, campaign, uai, revision, answered_by, answered_at, identified)
    VALUES ($1, $2, $3, $4, $6, $7, $5)
), withdrawn AS (
    DELETE FROM mail WHERE academie = $1 AND state = 'waiting' AND lease IS NULL AND kind = 'census-reminder'
        AND starts_with(key, $2::text || '/' || $3 || '/') RETURNING right(key, 10)::date AS day
), never_reminded AS (
    DELETE FROM reminder r USING withdrawn w
    WHERE (r.academie, r.campaign, r.uai) = ($1, $2, $3) AND r.sent_on = w.day
), people AS (
    INSERT INTO person (academie, id, civility, family_name, given_names, work_mail, uai)
    SELECT $1, p.subject, p.civility, p.family_name, p.given_names, p.work_mail, p.uai
    FROM jsonb_to_recordset($9::jsonb) AS p (
        subject uuid, civility text, family_name text, given_names text, work_mail text, uai text
    )
    ON CONFLICT (academie, id) DO UPDATE SET civility = EXCLUDED.civility, family_name = EXCLUDED.family_name,
        given_names = EXCLUDED.given_names, work_mail = EXCLUDED.work_mail, uai = EXCLUDED.uai
    WHERE NOT person.erased
)
INSERT INTO declared_person (academie, campaign, uai, revision, person, rank, civility, family_name, given_names,
    function, corps, work_mail)
SELECT $1, $2, $3, $4, (l.line ->> 'person')::uuid, l.rank, l.line ->> 'civility', l.line ->> 'family_name',
    l.line ->> 'given_names', l.line ->> 'function', l.line ->> 'corps', l.line ->> 'work_mail'
FROM jsonb_array_elements($8::jsonb) WITH ORDINALITY AS l (line, rank)
WHERE NOT EXISTS (SELECT FROM named WHERE named.id = (l.line ->> 'person')::uuid AND named.erased)
"""
