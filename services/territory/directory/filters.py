"""What the list of schools can be asked for, in its page and in its file alike."""

from datetime import date
from typing import Annotated, TypeAlias

from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from common.clock import Clock
from common.identifiers import CodeAcademie, CodeBassin, CodeDepartement, CommuneInsee
from territory.directory.domain import Level
from territory.directory.views import Wanted

On: TypeAlias = Annotated[
    date | None, QueryParameter(name="on", description="À cette date ; aujourd’hui si elle n’est pas donnée.")
]
OpenOn: TypeAlias = Annotated[
    date | None, QueryParameter(name="open_on", description="Seulement les établissements ouverts ce jour-là.")
]
InBassin: TypeAlias = Annotated[
    CodeBassin | None, QueryParameter(name="bassin", description="Rattachés à ce bassin à la date `on`.")
]
OfNature: TypeAlias = Annotated[
    str | None, QueryParameter(name="nature", pattern="^[0-9]{3}$", description="Code nature UAI, comme 340.")
]
Words: TypeAlias = Annotated[
    str | None,
    QueryParameter(name="q", max_length=200, description="Mots du nom, sans égard aux accents, ou de l’UAI."),
]


async def wanted(
    clock: NamedDependency[Clock],
    *,
    on: On = None,
    open_on: OpenOn = None,
    academie: FromQuery[CodeAcademie | None] = None,
    departement: FromQuery[CodeDepartement | None] = None,
    bassin: InBassin = None,
    commune: FromQuery[CommuneInsee | None] = None,
    nature: OfNature = None,
    level: FromQuery[Level | None] = None,
    q: Words = None,
) -> Wanted:
    return Wanted(
        on=on or clock.today(),
        open_on=open_on,
        academie=academie,
        departement=departement,
        bassin=bassin,
        commune=commune,
        nature=nature,
        level=level,
        q=q,
    )
