"""The names that a pay file bears and whose login is whose, as hr_networks says; an erasure blanks them here too."""

from common.contracts.events import Fact
from common.contracts.hr_networks import PersonLinked, PersonState
from common.handlers import Projection
from common.tx import ProjectionTx

people = Projection("people", tables=("person",))
links = Projection("links", tables=("linked_agent",))


@people.on(PersonState)
async def keep_name(tx: ProjectionTx, fact: Fact[PersonState]) -> None:
    person = fact.event
    named = (person.civility, person.family_name, person.given_names, person.erased)
    tx.many(KEEP, [(fact.academie, person.subject, *named)])


@links.on(PersonLinked)
async def keep_link(tx: ProjectionTx, fact: Fact[PersonLinked]) -> None:
    tx.many(LINK, [(fact.academie, fact.event.subject, fact.event.agent)])


KEEP = """
INSERT INTO person (academie, id, civility, family_name, given_names, erased) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (academie, id) DO UPDATE SET civility = EXCLUDED.civility, family_name = EXCLUDED.family_name,
    given_names = EXCLUDED.given_names, erased = EXCLUDED.erased
"""

LINK = """
INSERT INTO linked_agent (academie, person, agent) VALUES ($1, $2, $3)
ON CONFLICT (academie, person) DO UPDATE SET agent = EXCLUDED.agent
"""
