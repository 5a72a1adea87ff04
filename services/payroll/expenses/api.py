"""The expected expenses over HTTP, for whoever wants to know what is still to come."""

from datetime import datetime
from uuid import UUID

from litestar import Controller, Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromQuery

from common.db import Database
from common.identifiers import CodeAcademie
from common.identity import Agent, reads
from common.pagination import Cursor, Limit, Page, paged, read_cursor
from payroll.expenses import views
from payroll.expenses.views import MissionStatus, MissionView, Wanted
from payroll.roles import COORDINATION, coordinated


class MissionsController(Controller):
    path = "/v1/payroll/missions"
    tags = ("Éléments",)

    @get("/", guards=[reads(COORDINATION)])
    async def list(
        self,
        *,
        request: Request[Agent, None, State],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        academie: FromQuery[CodeAcademie | None] = None,
        person: FromQuery[UUID | None] = None,
        meeting: FromQuery[UUID | None] = None,
        status: FromQuery[MissionStatus | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response[Page[MissionView]]:
        """Lister les missions connues de la paye : présence attendue, réunion tenue ou mission annulée."""
        after = read_cursor(cursor, datetime, UUID)
        wanted = Wanted(academies=coordinated(agent), academie=academie, person=person, meeting=meeting, status=status)
        async with db.transaction(agent) as tx:
            found = await views.missions(tx, wanted, None if after is None else (after[0], after[1]), limit + 1)
        return paged(found, limit, lambda each: (each.starts_at, each.mission), request)
