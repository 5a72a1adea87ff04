"""Whom training made an animateur, and between which days of an offer he may convene: never entered by hand."""

from common.contracts.events import Fact
from common.contracts.training import ModuleFollowed, ModuleMissed, OfferPublished
from common.handlers import Projection
from common.tx import ProjectionTx

offers = Projection("offers", tables=("offer",))
animateurs = Projection("animateurs", tables=("module_attendance",))


@offers.on(OfferPublished)
async def keep_offer(tx: ProjectionTx, fact: Fact[OfferPublished]) -> None:
    offer = fact.event
    first_ends_on = next((part.last_day for part in offer.modules if part.rank == 1), None)
    second_begins_on = next((part.first_day for part in offer.modules if part.rank == 2), None)
    what = (offer.title, offer.year, offer.function)
    tx.many(KEEP_OFFER, [(fact.academie, offer.subject, *what, first_ends_on, second_begins_on)])


@animateurs.on(ModuleFollowed)
async def keep_followed(tx: ProjectionTx, fact: Fact[ModuleFollowed]) -> None:
    keep(tx, fact, followed=True)


@animateurs.on(ModuleMissed)
async def keep_missed(tx: ProjectionTx, fact: Fact[ModuleMissed]) -> None:
    """Also the correction of what was thought followed: its subject is the same."""
    keep(tx, fact, followed=False)


def keep(tx: ProjectionTx, fact: Fact[ModuleFollowed] | Fact[ModuleMissed], *, followed: bool) -> None:
    said = fact.event
    where = (said.offer, said.module, said.rank, said.person, said.bassin)
    tx.many(KEEP_ATTENDANCE, [(fact.academie, said.subject, *where, followed)])


KEEP_OFFER = """
INSERT INTO offer (academie, id, title, year, function, first_ends_on, second_begins_on)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (academie, id) DO UPDATE SET title = EXCLUDED.title, year = EXCLUDED.year, function = EXCLUDED.function,
    first_ends_on = EXCLUDED.first_ends_on, second_begins_on = EXCLUDED.second_begins_on
"""

KEEP_ATTENDANCE = """
INSERT INTO module_attendance (academie, id, offer, module, rank, person, bassin, followed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (academie, id) DO UPDATE SET bassin = EXCLUDED.bassin, followed = EXCLUDED.followed
"""
