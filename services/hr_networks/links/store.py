"""Who is tied to which login: both sides of a link, locked together, and the link."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from common import audit, outbox
from common.contracts.hr_networks import PersonLinked
from common.identifiers import CodeAcademie, dec_hook
from common.tx import Tx
from hr_networks.links.domain import AgentAlreadyLinked, Person, UnknownPerson


class Tie(Struct, frozen=True, kw_only=True):
    """The person meant, if there is one, and whoever the agent is tied to already."""

    academie: CodeAcademie
    person: Person | None
    already: UUID | None


async def lock_by_mail(tx: Tx, academie: CodeAcademie, mail: str | None, agent: UUID) -> Tie:
    rows = await tx.fetch(BY_MAIL, academie, (mail or "").strip().lower(), agent)
    return tie(rows, academie, agent)


async def lock_by_id(tx: Tx, person: UUID, agent: UUID) -> Tie:
    rows = await tx.fetch(BY_ID, person, agent)
    academie = next((row["academie"] for row in rows if row["meant"]), None)
    if academie is None:
        raise UnknownPerson
    return tie([row for row in rows if row["academie"] == academie], CodeAcademie(academie), agent)


def tie(rows: Sequence[asyncpg.Record], academie: CodeAcademie, agent: UUID) -> Tie:
    meant = next((dict(row) for row in rows if row["meant"]), None)
    already = next((row["id"] for row in rows if row["agent"] == agent), None)
    return msgspec.convert({"academie": academie, "person": meant, "already": already}, Tie, dec_hook=dec_hook)


async def record(tx: Tx, academie: CodeAcademie, linked: PersonLinked) -> None:
    try:
        await tx.execute(LINK, academie, linked.subject, linked.agent, tx.at)
    except asyncpg.UniqueViolationError as race:
        if race.constraint_name != "one_person_per_agent":
            raise
        raise AgentAlreadyLinked from race
    outbox.append(tx, academie, [linked])
    audit.record(tx, academie, "person-linked", linked.subject, detail={"agent": str(linked.agent)})


PERSON = """
SELECT p.academie, p.id, p.work_mail, p.agent, {meant} AS meant, ARRAY(
    SELECT DISTINCT d.uai FROM declared_person d
    JOIN addressed_school a ON (a.academie, a.campaign, a.uai, a.revision) = (d.academie, d.campaign, d.uai, d.revision)
    WHERE (d.academie, d.person) = (p.academie, p.id)
) AS schools
FROM person p WHERE NOT p.erased AND ({meant} OR p.agent = {agent}) {scope}
ORDER BY p.academie, p.id FOR UPDATE
"""
BY_MAIL = PERSON.format(meant="lower(p.work_mail) = $2", agent="$3", scope="AND p.academie = $1")
BY_ID = PERSON.format(meant="p.id = $1", agent="$2", scope="")

LINK = "UPDATE person SET agent = $3, linked_at = $4 WHERE academie = $1 AND id = $2"
