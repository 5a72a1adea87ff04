"""The schools and bassins of territory, as far as a census needs them."""

import msgspec

from common.contracts.events import Fact
from common.contracts.territory import BassinState, EtablissementState
from common.handlers import Projection
from common.tx import ProjectionTx

schools = Projection("schools", tables=("school",))
bassins = Projection("bassins", tables=("bassin",))


@schools.on(EtablissementState)
async def keep_school(tx: ProjectionTx, fact: Fact[EtablissementState]) -> None:
    school = fact.event
    memberships = msgspec.json.encode(school.memberships).decode()
    place = (school.opened_on, school.closed_on, memberships)
    tx.at_once(
        KEEP_SCHOOL, [(fact.academie, school.uai, school.name, school.nature, school.sector, school.mail, *place)]
    )


@bassins.on(BassinState)
async def keep_bassin(tx: ProjectionTx, fact: Fact[BassinState]) -> None:
    bassin = fact.event
    tx.many(KEEP_BASSIN, [(fact.academie, bassin.code, bassin.name, bassin.local_name)])


KEEP_SCHOOL = """
INSERT INTO school (academie, uai, name, nature, sector, mail, opened_on, closed_on, memberships)
SELECT DISTINCT ON (academie, uai) academie, uai, name, nature, sector, mail, opened_on, closed_on, memberships
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::date[], $8::date[], $9::jsonb[])
    WITH ORDINALITY AS said (academie, uai, name, nature, sector, mail, opened_on, closed_on, memberships, place)
ORDER BY academie, uai, place DESC
ON CONFLICT (academie, uai) DO UPDATE SET name = EXCLUDED.name, nature = EXCLUDED.nature, sector = EXCLUDED.sector,
    mail = EXCLUDED.mail, opened_on = EXCLUDED.opened_on, closed_on = EXCLUDED.closed_on,
    memberships = EXCLUDED.memberships
"""

KEEP_BASSIN = """
INSERT INTO bassin (academie, code, name, local_name) VALUES ($1, $2, $3, $4)
ON CONFLICT (academie, code) DO UPDATE SET name = EXCLUDED.name, local_name = EXCLUDED.local_name
"""
