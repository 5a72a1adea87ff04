"""The list of schools as a file, with the filters of the list."""

from collections.abc import AsyncIterator

from common.db import Database
from common.exports import Row
from common.identity import Agent
from territory.directory import views
from territory.directory.views import EtablissementSummary, Wanted

HEADER = (
    "UAI", "Nom", "Nature", "Libellé de la nature", "Degré", "Secteur", "Commune", "Département", "Académie",
    "Courriel", "Ouverture", "Fermeture", "Bassin",
)  # fmt: skip
PAGE = 500


async def pages(db: Database, agent: Agent, wanted: Wanted) -> AsyncIterator[list[Row]]:
    """Each in a transaction of its own: a long download holds nothing open."""
    after: tuple[str, ...] = ()
    while True:
        async with db.transaction(agent) as tx:
            schools = await views.etablissements(tx, wanted, after, PAGE)
        if not schools:
            return
        after = (schools[-1].academie, schools[-1].uai)
        yield [row_of(school) for school in schools]


def row_of(school: EtablissementSummary) -> Row:
    place = (school.commune, school.departement, school.academie)
    dates = (school.opened_on, school.closed_on)
    what = (school.nature, school.nature_label, school.level_label, school.sector)
    return (school.uai, school.name, *what, *place, school.mail, *dates, school.bassin)
