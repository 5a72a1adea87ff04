"""The sizing of an offer over HTTP: what the census found, and the seats that a quota makes of it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from litestar import Controller, Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from msgspec import Struct

from common.db import Database
from common.identifiers import CodeAcademie, CodeBassin
from common.identity import Agent, Role, reads
from common.pagination import Cursor, Limit, Page, paged, read_cursor
from training.sizing import views
from training.sizing.domain import BassinSeats, Quota, offered, read_exceptions, size
from training.sizing.views import Census, Counted, Figures, Filter, Seen

OFFICE = (Role.RESPONSABLE_FORMATION, Role.RESSOURCES_HUMAINES)
Range = Annotated[str, QueryParameter(name="quota", description="Places par bassin, « 2-3 ».")]
Exceptions = Annotated[
    list[str] | None, QueryParameter(name="exception", max_items=100, description="Autre fourchette : « 09101:4-6 ».")
]


class Sizing(Struct, frozen=True, kw_only=True):
    """Ce qu’un recensement a identifié, et les places qu’une offre ouvrirait dans chaque bassin."""

    campaign: UUID
    academie: CodeAcademie
    object: str
    function: str
    deadline: date
    closed: bool
    bassins: Sequence[BassinSeats]
    without_bassin: Figures
    total: Figures
    minimum: int
    maximum: int


class SizingController(Controller):
    path = "/v1/training/sizing"
    tags = ("Dimensionnement",)

    @get("/", guards=[reads(*OFFICE, Role.ANIMATEUR_BASSIN)])
    async def sizing(
        self,
        *,
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        request: Request[Agent, None, State],
        campaign: FromQuery[UUID | None] = None,
        bassin: FromQuery[CodeBassin | None] = None,
        academie: FromQuery[CodeAcademie | None] = None,
        quota: Range = "2-3",
        exception: Exceptions = None,
        cursor: Cursor = None,
        limit: Limit = 20,
    ) -> Response[Page[Sizing]]:
        """Lire, par recensement et par bassin, les personnes identifiées et les places à prévoir."""
        per_bassin, exceptions = Quota.read(quota), read_exceptions(exception or ())
        (after,) = read_cursor(cursor, UUID) or (None,)
        asked = Filter(seen=seen_by(agent), campaign=campaign, academie=academie, bassin=bassin)
        async with db.transaction(agent) as tx:
            censuses = await views.censuses(tx, asked, after, limit)
            counted = await views.counted(tx, censuses, asked)
        found = [sizing_of(each, counted[each.id], per_bassin, exceptions) for each in censuses]
        return paged(found, limit, lambda each: (each.campaign,), request)


def seen_by(agent: Agent) -> Seen:
    """The office sees its whole académie, the animateur of a bassin his bassin."""
    animated = (m.bassin for m in agent.mandates if m.role is Role.ANIMATEUR_BASSIN)
    return Seen(
        academies=frozenset(mandate.academie for mandate in agent.mandates if mandate.role in OFFICE),
        bassins=frozenset(bassin for bassin in animated if bassin is not None),
    )


def sizing_of(census: Census, counted: Counted, quota: Quota, exceptions: Mapping[CodeBassin, Quota]) -> Sizing:
    lines = size(counted.bassins, quota, exceptions=exceptions)
    minimum, maximum = offered(lines)
    return Sizing(
        campaign=census.id,
        academie=census.academie,
        object=census.object,
        function=census.function,
        deadline=census.deadline,
        closed=census.closed,
        bassins=lines,
        without_bassin=counted.without_bassin,
        total=counted.total,
        minimum=minimum,
        maximum=maximum,
    )
