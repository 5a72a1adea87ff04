"""Which chefs d'établissement let their secretaries come, as training tells it; why not stays there."""

from common.contracts.events import Fact
from common.contracts.training import AutorisationGranted, AutorisationRefused
from common.handlers import Projection
from common.tx import ProjectionTx

autorisations = Projection("autorisations", tables=("autorisation",))


@autorisations.on(AutorisationGranted)
async def keep_granted(tx: ProjectionTx, fact: Fact[AutorisationGranted]) -> None:
    keep(tx, fact, granted=True)


@autorisations.on(AutorisationRefused)
async def keep_refused(tx: ProjectionTx, fact: Fact[AutorisationRefused]) -> None:
    keep(tx, fact, granted=False)


def keep(tx: ProjectionTx, fact: Fact[AutorisationGranted] | Fact[AutorisationRefused], *, granted: bool) -> None:
    paper = fact.event
    what = (paper.meeting, paper.person, paper.uai, granted, fact.time)
    tx.many(KEEP, [(fact.academie, paper.subject, *what)])


KEEP = """
INSERT INTO autorisation (academie, id, meeting, person, uai, granted, said_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (academie, id) DO UPDATE SET granted = EXCLUDED.granted, said_at = EXCLUDED.said_at
"""
