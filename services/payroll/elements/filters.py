"""What the list of elements can be asked for, in its page and in its file alike."""

from uuid import UUID

from litestar.di import NamedDependency
from litestar.params import FromQuery

from common.identifiers import CodeAcademie
from common.identity import Agent
from payroll.campaigns.domain import Month
from payroll.elements.domain import Status
from payroll.elements.views import Wanted
from payroll.expenses.domain import Control
from payroll.roles import coordinated


async def wanted(
    agent: NamedDependency[Agent],
    *,
    academie: FromQuery[CodeAcademie | None] = None,
    campaign: FromQuery[UUID | None] = None,
    month: FromQuery[Month | None] = None,
    status: FromQuery[Status | None] = None,
    control: FromQuery[Control | None] = None,
    person: FromQuery[UUID | None] = None,
    mission: FromQuery[UUID | None] = None,
    late: FromQuery[bool | None] = None,
) -> Wanted:
    return Wanted(
        academies=coordinated(agent),
        academie=academie,
        campaign=campaign,
        month=month,
        status=status,
        control=control,
        person=person,
        mission=mission,
        late=late,
    )
