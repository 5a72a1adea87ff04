"""What a paper needs of a person, as hr_networks tells it; blanked by the same stream when it is erased there."""

from common.contracts.events import Fact
from common.contracts.hr_networks import PersonState
from common.handlers import Projection
from common.tx import ProjectionTx

people = Projection("people", tables=("person",))


@people.on(PersonState)
async def keep_person(tx: ProjectionTx, fact: Fact[PersonState]) -> None:
    said = fact.event
    names = (said.civility, said.family_name, said.given_names, said.work_mail)
    tx.many(KEEP, [(fact.academie, said.subject, *names, said.uai, said.erased)])


KEEP = """
INSERT INTO person (academie, id, civility, family_name, given_names, work_mail, uai, erased)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (academie, id) DO UPDATE SET civility = EXCLUDED.civility, family_name = EXCLUDED.family_name,
    given_names = EXCLUDED.given_names, work_mail = EXCLUDED.work_mail, uai = EXCLUDED.uai, erased = EXCLUDED.erased
"""
