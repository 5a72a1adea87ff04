"""Which schools have named how many people, from what hr_networks and territory tell and nothing else."""

import msgspec

from common.contracts.events import Fact
from common.contracts.hr_networks import CensusAnswered, CensusClosed, CensusOpened, DeadlineMoved, SchoolAddressed
from common.contracts.territory import BassinState, EtablissementState
from common.handlers import Projection
from common.tx import ProjectionTx

censuses = Projection("censuses", tables=("census", "census_school"))
territory = Projection("territory", tables=("school", "bassin"))


@censuses.on(CensusOpened)
async def keep_census(tx: ProjectionTx, fact: Fact[CensusOpened]) -> None:
    opened = fact.event
    tx.many(KEEP_CENSUS, [(fact.academie, opened.subject, opened.object, opened.function, opened.deadline)])


@censuses.on(DeadlineMoved)
async def move_deadline(tx: ProjectionTx, fact: Fact[DeadlineMoved]) -> None:
    tx.many(MOVE_DEADLINE, [(fact.academie, fact.event.subject, fact.event.deadline)])


@censuses.on(CensusClosed)
async def close_census(tx: ProjectionTx, fact: Fact[CensusClosed]) -> None:
    tx.many(CLOSE_CENSUS, [(fact.academie, fact.event.subject)])


@censuses.on(SchoolAddressed)
async def keep_school_asked(tx: ProjectionTx, fact: Fact[SchoolAddressed]) -> None:
    tx.many(KEEP_SCHOOL_ASKED, [(fact.academie, fact.event.census, fact.event.uai)])


@censuses.on(CensusAnswered)
async def keep_answer(tx: ProjectionTx, fact: Fact[CensusAnswered]) -> None:
    answered = fact.event
    tx.many(KEEP_ANSWER, [(fact.academie, answered.census, answered.uai, answered.revision, list(answered.persons))])


@territory.on(EtablissementState)
async def keep_place(tx: ProjectionTx, fact: Fact[EtablissementState]) -> None:
    school = fact.event
    memberships = msgspec.json.encode(school.memberships).decode()
    tx.at_once(KEEP_PLACE, [(fact.academie, school.uai, school.closed_on, memberships, school.name, school.mail)])


@territory.on(BassinState)
async def keep_bassin(tx: ProjectionTx, fact: Fact[BassinState]) -> None:
    bassin = fact.event
    tx.many(KEEP_BASSIN, [(fact.academie, bassin.code, bassin.name, bassin.local_name)])


KEEP_CENSUS = """
INSERT INTO census (academie, id, object, function, deadline) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (academie, id) DO UPDATE SET object = EXCLUDED.object, function = EXCLUDED.function,
    deadline = EXCLUDED.deadline, closed = false
"""

MOVE_DEADLINE = "UPDATE census SET deadline = $3 WHERE academie = $1 AND id = $2"

CLOSE_CENSUS = "UPDATE census SET closed = true WHERE academie = $1 AND id = $2"

KEEP_SCHOOL_ASKED = """
INSERT INTO census_school (academie, census, uai) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
"""

KEEP_ANSWER = """
INSERT INTO census_school (academie, census, uai, revision, persons) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (academie, census, uai) DO UPDATE SET revision = EXCLUDED.revision, persons = EXCLUDED.persons
"""

KEEP_PLACE = """
INSERT INTO school (academie, uai, closed_on, memberships, name, mail)
SELECT DISTINCT ON (academie, uai) academie, uai, closed_on, memberships, name, mail
FROM unnest($1::text[], $2::text[], $3::date[], $4::jsonb[], $5::text[], $6::text[])
    WITH ORDINALITY AS said (academie, uai, closed_on, memberships, name, mail, place)
ORDER BY academie, uai, place DESC
ON CONFLICT (academie, uai) DO UPDATE SET closed_on = EXCLUDED.closed_on, memberships = EXCLUDED.memberships,
    name = EXCLUDED.name, mail = EXCLUDED.mail
"""

KEEP_BASSIN = """
INSERT INTO bassin (academie, code, name, local_name) VALUES ($1, $2, $3, $4)
ON CONFLICT (academie, code) DO UPDATE SET name = EXCLUDED.name, local_name = EXCLUDED.local_name
"""
