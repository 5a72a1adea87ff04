"""Which login is which person, from what hr_networks tells: nobody applies in another's name."""

from common.contracts.events import Fact
from common.contracts.hr_networks import PersonLinked, PersonState
from common.handlers import Projection
from common.tx import ProjectionTx

linked = Projection("linked", tables=("linked_person",))


@linked.on(PersonLinked)
async def keep_link(tx: ProjectionTx, fact: Fact[PersonLinked]) -> None:
    tx.many(KEEP_LINK, [(fact.academie, fact.event.subject, fact.event.agent)])


@linked.on(PersonState)
async def keep_mail(tx: ProjectionTx, fact: Fact[PersonState]) -> None:
    """An erased person is nobody's login any more, whichever of the two is heard first."""
    person = fact.event
    tx.many(KEEP_MAIL, [(fact.academie, person.subject, person.work_mail, person.erased)])


KEEP_LINK = """
INSERT INTO linked_person (academie, person, agent) VALUES ($1, $2, $3)
ON CONFLICT (academie, person) DO UPDATE SET agent = EXCLUDED.agent
"""

KEEP_MAIL = """
INSERT INTO linked_person (academie, person, work_mail, erased) VALUES ($1, $2, $3, $4)
ON CONFLICT (academie, person) DO UPDATE SET work_mail = EXCLUDED.work_mail, erased = EXCLUDED.erased
"""
