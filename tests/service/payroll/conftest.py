"""A pay office as a test plays it: two académies, a February and a March, and a mission to Dunkerque."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import httpx
import pytest

from common.contracts.hr_networks import MeetingHeld, PersonState, Presence
from common.contracts.territory import EtablissementState
from common.contracts.training import HalfDay, OrdreDeMissionCancelled, OrdreDeMissionIssued
from common.identifiers import Uai, school_id
from common.identity import Agent, Role

if TYPE_CHECKING:
    from tests.service.conftest import Served

EVENING_BEFORE = datetime(2027, 1, 20, 9, tzinfo=UTC)
DAY = date(2027, 2, 2)
BOTH = ("am", "pm")


class Office:
    """The service, whoever coordinates the pay, and what they do; all people are fictional."""

    path: ClassVar[str] = "/v1/payroll"
    lille, dunkerque, villeneuve = "59350", "59183", "59009"
    college, college_amiens = "0590001F", "0800001S"
    anna, bruno = UUID(int=0xA), UUID(int=0xB)
    mission, meeting = UUID(int=0x100), UUID(int=0x200)
    february: ClassVar[dict[str, str]] = {
        "month": "2027-02", "opens_on": "2027-01-12", "cut_off": "2027-02-10", "pays_on": "2027-02-26",
    }  # fmt: skip
    march: ClassVar[dict[str, str]] = {
        "month": "2027-03", "opens_on": "2027-02-11", "cut_off": "2027-03-10", "pays_on": "2027-03-29",
    }  # fmt: skip

    def __init__(self, served: "Served", agent: Callable[..., Agent]) -> None:
        self.served, self.agent = served, agent
        self.campaign = UUID(int=0)  # February of Lille, once it is scheduled

    def at(self, *when: int) -> datetime:
        """Move the business time, in UTC."""
        self.served.app.state.clock.at = datetime(*when, tzinfo=UTC)  # type: ignore[arg-type, misc]
        moved: datetime = self.served.app.state.clock.at
        return moved

    def as_office(self, academie: str = "09") -> httpx.AsyncClient:
        return self.served.as_(self.agent(Role.COORDINATION_PAYE, academie))

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        academie: str = "09",
        if_match: str | None = None,
        **query: Any,
    ) -> httpx.Response:
        headers = {} if if_match is None else {"If-Match": if_match}
        async with self.as_office(academie) as client:
            return await client.request(method, f"{self.path}{path}", json=body, headers=headers, params=query)

    async def get(self, path: str, *, academie: str = "09", **query: Any) -> Any:
        answer = await self.ask("GET", path, academie=academie, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def schedule(self, dates: dict[str, str], academie: str = "09") -> UUID:
        answer = await self.ask("POST", "/campaigns", {"academie": academie, **dates}, academie=academie)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    async def enter(self, person: UUID, *, if_match: str | None = None, **changes: Any) -> httpx.Response:
        wish = {"since": "2026-09-01", "residence": self.lille, "vehicle": "car", "horsepower": 5, **changes}
        return await self.ask("PUT", f"/academies/09/travellers/{person}", wish, if_match=if_match)

    async def enter_places(self, academie: str = "09") -> None:
        """75 km from Lille to Dunkerque; Villeneuve adjoins Lille, nothing here adjoins Dunkerque."""
        pair = {"commune": self.lille, "other": self.dunkerque, "kilometres": 75}
        answer = await self.ask("PATCH", f"/academies/{academie}/distances", {"distances": [pair]}, academie=academie)
        assert answer.status_code == 200, answer.text
        for commune, near in ((self.lille, [self.villeneuve]), (self.dunkerque, [])):
            path = f"/academies/{academie}/communes/{commune}/adjoining"
            answer = await self.ask("PUT", path, {"communes": near}, academie=academie)
            assert answer.status_code == 200, answer.text

    async def set_codes(self) -> None:
        known = await self.get("/academies/09/columns")
        codes = {"kilometres-amount": "200001", "nights-amount": "200002", "meals-amount": "200003"}
        columns = [c | ({"pay_code": codes[c["source"]]} if c["source"] in codes else {}) for c in known["columns"]]
        answer = await self.ask("PUT", "/academies/09/columns", {"columns": columns}, if_match='"0"')
        assert answer.status_code == 200, answer.text

    async def hear(self, *events: Any, at: datetime | None = None, academie: str = "09") -> None:
        await self.served.apply([self.served.record(each, time=at, academie=academie) for each in events])

    async def send(self, *, at: datetime = EVENING_BEFORE, **changes: Any) -> None:
        await self.hear(issued(**changes), at=at)

    async def hold(self, *, at: datetime, **changes: Any) -> None:
        await self.hear(held(**changes), at=at)

    async def compute(self) -> None:
        await self.served.run_job("notice_what_is_possible_now")
        await self.served.run_job("compute_what_changed")

    async def elements(self, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.get("/elements", **query))["items"]
        return found

    async def element(self) -> dict[str, Any]:
        [found] = await self.elements()
        return found

    async def release(self, element: dict[str, Any], reason: str = "vu avec la trésorerie") -> httpx.Response:
        path, tag = f"/elements/{element['id']}/release", f'"{element["revision"]}"'
        return await self.ask("POST", path, {"reason": reason}, if_match=tag)

    async def export(self, campaign: UUID) -> dict[str, Any]:
        answer = await self.ask("POST", f"/campaigns/{campaign}/lock")
        assert answer.status_code == 200, answer.text
        sent = await self.ask("POST", f"/campaigns/{campaign}/exports")
        assert sent.status_code == 201, sent.text
        made: dict[str, Any] = sent.json()
        return made

    async def told(self, *types: str) -> list[tuple[str, dict[str, object]]]:
        """Of these types, or of all, without their common beginning."""
        heard = [(kind.removeprefix("fr.bassin.payroll.").removesuffix(".v1"), body)
                 for kind, _, body in await self.served.told()]  # fmt: skip
        return [(kind, body) for kind, body in heard if not types or kind in types]

    async def rows(self, sql: str) -> list[Any]:
        """As the one who may see everything."""
        async with self.served.db.batch(self.served.settings.academies) as tx:
            return [tuple(row) for row in await tx.fetch(sql)]


def issued(**changes: Any) -> OrdreDeMissionIssued:
    """From 9 to 17 o'clock in Paris, on Tuesday 2 February 2027."""
    day: date = changes.pop("day", DAY)
    fields: dict[str, Any] = {
        "subject": Office.mission, "number": "09-OM-2027-000017", "person": Office.anna, "uai": Office.college,
        "meeting": Office.meeting, "candidature": UUID(int=0x300), "avis": UUID(int=0x400), "commune": Office.dunkerque,
        "starts_at": datetime(day.year, day.month, day.day, 8, tzinfo=UTC),
        "ends_at": datetime(day.year, day.month, day.day, 16, tzinfo=UTC),
        "half_days": tuple(HalfDay(day, half) for half in BOTH),
    }  # fmt: skip
    return OrdreDeMissionIssued(**{**fields, **changes})


def held(
    *, present: tuple[str, ...] = BOTH, person: UUID = Office.anna, meeting: UUID = Office.meeting, day: date = DAY
) -> MeetingHeld:
    presences = tuple(Presence(person=person, day=day, half=half, present=half in present) for half in BOTH)
    return MeetingHeld(
        subject=meeting, offer=UUID(int=0x500), bassin="09105", animateurs=(person,), presences=presences
    )


def cancelled(mission: UUID = Office.mission) -> OrdreDeMissionCancelled:
    return OrdreDeMissionCancelled(
        subject=mission, person=Office.anna, meeting=Office.meeting, cancelling=UUID(int=0x101)
    )


def school(uai: str, commune: str) -> EtablissementState:
    return EtablissementState(
        subject=school_id(Uai(uai)), uai=uai, name=f"Collège {uai}", nature="340", level="second-degre",
        sector="public", commune=commune, departement="59", academie="20" if uai.startswith("080") else "09", mail="",
        opened_on=None, closed_on=None, memberships=(),
    )  # fmt: skip


def person(subject: UUID, family_name: str, given_names: str, *, erased: bool = False) -> PersonState:
    return PersonState(
        subject=subject, civility="" if erased else "madame", family_name=family_name, given_names=given_names,
        work_mail="", uai=Office.college, erased=erased,
    )  # fmt: skip


@pytest.fixture
async def bare(serve: "Callable[..., Awaitable[Served]]", agent: Callable[..., Agent]) -> Office:
    """Nothing is known yet but the two académies."""
    return Office(await serve("payroll", at=EVENING_BEFORE), agent)


@pytest.fixture
async def office(bare: Office) -> Office:
    """February is scheduled; school, name, residence, distance and adjoining communes are known."""
    await bare.hear(school(bare.college, bare.lille), person(bare.anna, "Martel", "Anna"))
    await bare.hear(person(bare.bruno, "Calmette", "Bruno"))
    bare.campaign = await bare.schedule(bare.february)
    await bare.enter_places()
    assert (await bare.enter(bare.anna)).status_code == 201
    return bare
