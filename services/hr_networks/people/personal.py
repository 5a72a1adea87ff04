"""All that this service holds of a person, and what an erasure leaves of it: the keys and the counts."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from asyncpg import Record

from common import outbox
from common.contracts.events import Event
from common.contracts.hr_networks import PersonState
from common.people import Personal
from common.tx import Tx
from hr_networks.meetings import personal as meetings
from hr_networks.people.domain import blanked


async def export(tx: Tx, person: UUID) -> Mapping[str, object]:
    identity = await tx.fetchrow(IDENTITY, person)
    return {
        "identity": None if identity is None else dict(identity),
        "declared": [dict(row) for row in await tx.fetch(DECLARED, person)],
        "mails": [dict(row) for row in await tx.fetch(MAILS, person)],
        **await meetings.held(tx, person),
    }


async def erase(tx: Tx, person: UUID) -> Mapping[str, int]:
    """Blank the person, in every version of every answer, and tell those who hold a copy.

    Locked first, and blanked by a second statement: it sees the answers that were being recorded meanwhile.
    """
    academie = await tx.fetchval(LOCK, person)
    counts = None if academie is None else await tx.fetchrow(BLANK, person, academie)
    if counts is None:
        return {}
    outbox.append(tx, academie, [blanked(person)])
    return dict(counts)


async def states(tx: Tx, people: Sequence[UUID]) -> Sequence[tuple[str, Event]]:
    """The present state of each, for when it must be published again."""
    return [(row["academie"], state(row)) for row in await tx.fetch(STATES, list(people))]


def state(row: Record) -> PersonState:
    fields = {name: value for name, value in row.items() if name != "academie"}
    return msgspec.convert(fields, PersonState)


PERSONAL = Personal(export=export, erase=erase)

IDENTITY = """
SELECT academie, civility, family_name, given_names, work_mail, uai, agent, linked_at FROM person
WHERE id = $1 AND NOT erased
"""

DECLARED = """
SELECT d.academie, d.campaign, d.uai, d.revision, v.answered_at, c.object,
    d.civility, d.family_name, d.given_names, d.function, d.corps, d.work_mail
FROM declared_person d
JOIN answer_version v ON (v.academie, v.campaign, v.uai, v.revision) = (d.academie, d.campaign, d.uai, d.revision)
JOIN campaign c ON (c.academie, c.id) = (d.academie, d.campaign)
WHERE d.person = $1 AND NOT d.erased
ORDER BY v.answered_at, d.campaign, d.uai
"""

# An address that the office gave a letter in place of a refused one may be the person's; a school's own is not.
WITH_ADDRESSES = """
WITH addresses AS (
    SELECT academie, lower(work_mail) AS mail FROM person WHERE id = $1
    UNION SELECT academie, lower(work_mail) FROM declared_person WHERE person = $1
    EXCEPT SELECT academie, lower(mail) FROM school
){then}
"""

MAILS = WITH_ADDRESSES.format(
    then="""
SELECT m.academie, m.kind, m.recipient, m.subject, m.state, m.written_at FROM mail m
JOIN addresses a ON a.academie = m.academie AND a.mail = lower(m.recipient) AND a.mail <> ''
ORDER BY m.id"""
)

LOCK = "SELECT academie FROM person WHERE id = $1 AND NOT erased FOR UPDATE"

BLANK = WITH_ADDRESSES.format(
    then=""", identity AS (
    UPDATE person SET civility = '', family_name = '', given_names = '', work_mail = '', uai = '',
        agent = NULL, linked_at = NULL, erased = true
    WHERE academie = $2 AND id = $1 RETURNING 1
), lines AS (
    UPDATE declared_person SET civility = '', family_name = '', given_names = '', function = '', corps = '',
        work_mail = '', erased = true
    WHERE academie = $2 AND person = $1 RETURNING 1
), letters AS (
    UPDATE mail m SET recipient = '' FROM addresses a
    WHERE m.academie = $2 AND a.academie = $2 AND a.mail = lower(m.recipient) AND a.mail <> '' RETURNING 1
)
SELECT (SELECT count(*) FROM identity) AS person, (SELECT count(*) FROM lines) AS declared,
    (SELECT count(*) FROM letters) AS mails"""
)

STATES = """
SELECT academie, id AS subject, civility, family_name, given_names, work_mail, uai, erased FROM person
WHERE id = ANY($1) ORDER BY id
"""
