"""In which commune each school is, as territory says it: from there a mission is measured."""

from common.contracts.events import Fact
from common.contracts.territory import EtablissementState
from common.handlers import Projection
from common.tx import ProjectionTx

schools = Projection("schools", tables=("school",))


@schools.on(EtablissementState)
async def keep_commune(tx: ProjectionTx, fact: Fact[EtablissementState]) -> None:
    tx.at_once(KEEP, [(fact.academie, fact.event.uai, fact.event.commune)])


KEEP = """
INSERT INTO school (academie, uai, commune)
SELECT DISTINCT ON (academie, uai) academie, uai, commune
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS said (academie, uai, commune, place)
ORDER BY academie, uai, place DESC
ON CONFLICT (academie, uai) DO UPDATE SET commune = EXCLUDED.commune
"""
