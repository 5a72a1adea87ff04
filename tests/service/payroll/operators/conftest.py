"""A pay office, what reaches its inbox, and those who run the platform."""

import dataclasses
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import msgspec
import pytest
from tests.service.payroll.conftest import EVENING_BEFORE, Office, cancelled, issued

from common.identifiers import CodeAcademie
from common.identity import Agent, Mandate, Role
from common.tx import ENCODER

if TYPE_CHECKING:
    from common.contracts.events import Event

ROOT = "/v1/payroll"
RUBBISH = b"{not json"


class Operations:
    """A pay office, what reaches its inbox, and who runs the platform."""

    def __init__(self, office: Office) -> None:
        self.office, self.served = office, office.served

    def operator(self, *academies: str) -> Agent:
        mandates = [Mandate(role=Role.EXPLOITATION, academie=CodeAcademie(each)) for each in academies]
        return Agent(id=UUID(int=0xE), academie=CodeAcademie(academies[0]), mandates=tuple(mandates))

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        who: Agent | None = None,
        key: str | None = None,
        **query: Any,
    ) -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        async with self.served.as_(who or self.operator("09")) as client:
            return await client.request(method, f"{ROOT}{path}", json=body, headers=headers, params=query)

    async def parked(self, who: Agent | None = None, **query: Any) -> list[dict[str, Any]]:
        answer = await self.ask("GET", "/parking", who=who, **query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    async def arrive(self, event: "Event", version: int, *, academie: str = "09", spoilt: bool = False) -> None:
        record = self.served.record(event, academie=academie, version=version, time=EVENING_BEFORE)
        await self.served.apply([dataclasses.replace(record, value=RUBBISH) if spoilt else record])

    async def arrive_without_headers(self) -> None:
        record = self.served.record(issued(), version=1)
        await self.served.apply([dataclasses.replace(record, headers=())])

    async def mend(self, event: "Event") -> None:
        """The bytes are put right, as only an administrator can."""
        mended = "UPDATE infra.held SET payload = $1 WHERE subject = $2 AND state = 'parked'"
        await self.served.db.pool.execute(mended, ENCODER.encode(event), event.subject)

    async def missions(self) -> list[tuple[UUID, bool]]:
        """Each expected mission, and whether it was cancelled."""
        rows = await self.office.rows("SELECT mission, cancelled_at FROM expected_expense ORDER BY mission")
        return [(UUID(int=mission.int), at is not None) for mission, at in rows]

    async def audited(self, action: str) -> list[tuple[str, UUID | None, dict[str, Any]]]:
        rows = await self.office.rows("SELECT academie, agent, detail, action FROM audit ORDER BY id")
        return [
            (academie, agent, msgspec.json.decode(detail)) for academie, agent, detail, what in rows if what == action
        ]

    async def park_a_mission_and_its_end(self, mission: UUID = Office.mission) -> int:
        """The first record is spoilt, the second waits behind it; returns the parked one."""
        await self.arrive(issued(subject=mission), 1, spoilt=True)
        await self.arrive(cancelled(mission), 2)
        [parked] = await self.parked(state="parked", subject=str(mission))
        identifier: int = parked["id"]
        return identifier


@pytest.fixture
def operations(bare: Office) -> Operations:
    return Operations(bare)
