"""A census as a test plays it: two académies with a few fictional schools, on the day of the letter of 2007."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import httpx
import pytest

from common.contracts.territory import BassinState, EtablissementState, Membership
from common.identifiers import CodeBassin, Uai, bassin_id, school_id
from common.identity import Agent, Role

if TYPE_CHECKING:
    from tests.service.conftest import Served

LETTER_DAY = datetime(2007, 10, 26, 9, tzinfo=UTC)
PATH = "/v1/hr-networks/campaigns"


class Census:
    """The service, the people of two académies, and what they do."""

    lille_centre, roubaix, amiens = "09101", "09104", "20907"
    college, lycee, college_roubaix, college_amiens = "0590001F", "0590002G", "0590003H", "0800001S"
    private, primary, later = "0590004J", "0590005K", "0590006L"
    wish: ClassVar[dict[str, str]] = {
        "academie": "09",
        "object": "identification des personnels affectés au secrétariat de direction",
        "function": "secrétariat de direction",
        "letter": "Mesdames et Messieurs les chefs d’établissement,\n\nAfin de pouvoir mettre en œuvre le projet, …",
        "signatory": "La directrice des ressources humaines",
        "contact": "DIFOR, difor@ac-lille.example",
        "deadline": "2007-11-20",
    }

    def __init__(self, served: "Served", agent: Callable[..., Agent]) -> None:
        self.served, self.agent = served, agent

    def at(self, year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> None:
        """Move the business time, in UTC."""
        self.served.app.state.clock.at = datetime(year, month, day, hour, minute, tzinfo=UTC)

    def as_office(self, academie: str = "09", role: Role = Role.RESPONSABLE_FORMATION) -> httpx.AsyncClient:
        return self.served.as_(self.agent(role, academie))

    def as_head(self, uai: str) -> httpx.AsyncClient:
        academie = "20" if uai.startswith("080") else "09"
        return self.served.as_(self.agent(Role.CHEF_ETABLISSEMENT, academie, uai=uai))

    def as_animateur(self, bassin: str) -> httpx.AsyncClient:
        return self.served.as_(self.agent(Role.ANIMATEUR_BASSIN, bassin[:2], bassin=bassin))

    async def open(self, academie: str = "09", **changes: str) -> UUID:
        async with self.as_office(academie) as office:
            answer = await office.post(PATH, json={**self.wish, "academie": academie, **changes})
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    async def answer(
        self, campaign: UUID, uai: str, *persons: dict[str, str], if_match: str | None = None, by: str | None = None
    ) -> httpx.Response:
        headers = {} if if_match is None else {"If-Match": if_match}
        async with self.as_head(by or uai) as head:
            return await head.put(f"{PATH}/{campaign}/answers/{uai}", json={"persons": persons}, headers=headers)

    async def get(self, path: str, who: httpx.AsyncClient) -> Any:
        async with who as client:
            answer = await client.get(f"/v1/hr-networks{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def completeness(self, campaign: UUID, academie: str = "09") -> Any:
        return await self.get(f"/campaigns/{campaign}/completeness", self.as_office(academie))

    async def hear_school(self, uai: str, bassin: str | None, **changes: Any) -> None:
        state = school(uai, bassin, **changes)
        await self.served.hear(state, academie=state.academie)

    async def rows(self, sql: str) -> list[Any]:
        """As the one who may see everything."""
        async with self.served.db.batch(self.served.settings.academies) as tx:
            return [tuple(row) for row in await tx.fetch(sql)]


def person(given: str = "Anna", family: str = "Martel", **changes: str) -> dict[str, str]:
    return {
        "civility": "madame", "family_name": family, "given_names": given, "function": "secrétaire de direction",
        "corps": "saenes", "work_mail": f"{given}.{family}@ac-test.example".lower(), **changes,
    }  # fmt: skip


def school(
    uai: str,
    bassin: str | None,
    *,
    nature: str = "340",
    sector: str = "public",
    mail: str | None = None,
    opened_on: date | None = None,
    closed_on: date | None = None,
    since: date = date(1990, 9, 1),
    before: str | None = None,
) -> EtablissementState:
    """`before` is the bassin that it was in until `since`."""
    past = () if before is None else (Membership(bassin=before, since=date(1990, 9, 1), until=since),)
    return EtablissementState(
        subject=school_id(Uai(uai)), uai=uai, name=f"Collège {uai}", nature=nature, level="second-degre",
        sector=sector, commune="59350", departement="59", academie="20" if uai.startswith("080") else "09",
        mail=f"ce.{uai.lower()}@ac-test.example" if mail is None else mail, opened_on=opened_on, closed_on=closed_on,
        memberships=past if bassin is None else (*past, Membership(bassin=bassin, since=since)),
    )  # fmt: skip


def bassin(code: str, name: str) -> BassinState:
    return BassinState(subject=bassin_id(CodeBassin(code)), code=code, name=name, local_name="bassin",
                       departement="59", academie=code[:2], closed_on=None)  # fmt: skip


@pytest.fixture
async def census(serve: "Callable[..., Awaitable[Served]]", agent: Callable[..., Agent]) -> Census:
    """Three EPLE in Lille, of two bassins, beside a private and a primary school; one EPLE in Amiens."""
    played = Census(await serve("hr_networks", at=LETTER_DAY), agent)
    await played.served.hear(
        bassin(played.lille_centre, "LILLE CENTRE"),
        bassin(played.roubaix, "ROUBAIX TOURCOING"),
        school(played.college, played.lille_centre),
        school(played.lycee, played.lille_centre, nature="300"),
        school(played.college_roubaix, played.roubaix),
        school(played.private, played.lille_centre, sector="prive"),
        school(played.primary, played.lille_centre, nature="151"),
    )
    await played.served.hear(
        bassin(played.amiens, "AMIENS"), school(played.college_amiens, played.amiens), academie="20"
    )
    return played


@pytest.fixture
def named() -> Callable[..., dict[str, str]]:
    """`named("Anna", "Martel")`: a fictional person as a school declares her."""
    return person
