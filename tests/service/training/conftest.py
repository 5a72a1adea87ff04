"""An offer as a test plays it: the letter's calendar of 2007-2008, bassins with schools, people whom a census named."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import httpx
import pytest

from common.contracts.hr_networks import CensusAnswered, CensusOpened, PersonLinked, PersonState
from common.contracts.territory import BassinState, EtablissementState, Membership
from common.identifiers import CodeBassin, Uai, bassin_id, school_id
from common.identity import Agent, Role

if TYPE_CHECKING:
    from tests.service.conftest import Served

PUBLICATION = datetime(2007, 11, 20, 9, tzinfo=UTC)
FUNCTION = "secrétariat de direction"
CENSUS = UUID(int=0x10)
LILLE_CENTRE, ROUBAIX, AMIENS = "09101", "09104", "20907"  # LILLE CENTRE plays the exception of Caen
COLLEGE, LYCEE, COLLEGE_ROUBAIX, COLLEGE_AMIENS = "0590001F", "0590002G", "0590003H", "0800001S"


def half_days(*days: str) -> list[dict[str, str]]:
    return [{"day": day, "half": half} for day in days for half in ("am", "pm")]


def group(name: str, *days: str, capacity: int = 40) -> dict[str, Any]:
    place = {"place": "Lycée Faidherbe", "commune": "59350"}
    return {"name": name, **place, "capacity": capacity, "half_days": half_days(*days)}


def offer(**changes: Any) -> dict[str, Any]:
    """« Animer des réunions d'échange de pratiques », as the letter of 26 October 2007 has it."""
    modules = [
        {
            "title": "méthodologique",
            "groups": [
                group("groupe 1", "2008-01-14", "2008-01-15"),
                group("groupe 2", "2008-01-17", "2008-01-18"),
            ],
        },
        {
            "title": "suivi et supervision",
            "requires_module": 1,
            "requires_meeting": True,
            "groups": [group("groupe 1", "2008-04-07"), group("groupe 2", "2008-04-08")],
        },
    ]
    quotas = {
        "default": {"minimum": 2, "maximum": 3},
        "exceptions": [{"bassin": LILLE_CENTRE, "minimum": 4, "maximum": 6}],
    }
    return {
        "academie": "09", "title": "Animer des réunions d’échange de pratiques", "year": "2007-2008",
        "function": FUNCTION, "opens_on": "2007-11-20", "closes_on": "2007-12-04", "avis_deadline": "2007-12-14",
        "backing": "Mission de la formation du ministère", "sources": "Lettre du 26 octobre 2007", "modules": modules,
        "quotas": quotas, **changes,
    }  # fmt: skip


def avis(value: str = "favorable", reasons: str | None = None, **changes: Any) -> dict[str, Any]:
    rated = {"rating": "satisfactory", "comment": "Rien à signaler."}
    given = {"value": value, "competences": rated, "animation": rated, "service": rated, **changes}
    return given if reasons is None else {**given, "reasons": reasons}


def refusal(answer: httpx.Response) -> str:
    """The code of the rule that said no."""
    kind: str = answer.json()["type"]
    return kind.removeprefix("/problems/")


class Training:
    """The service, and what the people of two académies do."""

    def __init__(self, served: "Served", agent: Callable[..., Agent]) -> None:
        self.served, self.agent = served, agent
        self.named: dict[str, list[UUID]] = {}

    @staticmethod
    def refusal(answer: httpx.Response) -> str:
        return refusal(answer)

    @staticmethod
    def offer(**changes: Any) -> dict[str, Any]:
        return offer(**changes)

    @staticmethod
    def avis(value: str = "favorable", reasons: str | None = None, **changes: Any) -> dict[str, Any]:
        return avis(value, reasons, **changes)

    def at(self, year: int, month: int, day: int, hour: int = 9, minute: int = 0) -> None:
        """Move the business time, in UTC."""
        self.served.app.state.clock.at = datetime(year, month, day, hour, minute, tzinfo=UTC)

    def office(self, academie: str = "09") -> Agent:
        return self.agent(Role.RESPONSABLE_FORMATION, academie)

    def head(self, uai: str) -> Agent:
        return self.agent(Role.CHEF_ETABLISSEMENT, "20" if uai.startswith("080") else "09", uai=uai)

    def login(self, name: str, academie: str = "09") -> Agent:
        return self.agent(Role.AGENT, academie, mail=f"{name}@ac-test.example")

    def person(self, name: str) -> UUID:
        return uuid5(CENSUS, name)

    async def hear_school(
        self, uai: str, bassin: str, *, mail: str | None = None, closed_on: date | None = None
    ) -> None:
        await self.served.hear(school(uai, bassin, mail=mail, closed_on=closed_on))

    async def link(self, name: str) -> None:
        await self.served.hear(PersonLinked(subject=self.person(name), agent=self.login(name).id))

    async def erase(self, name: str) -> None:
        blanked = PersonState(subject=self.person(name), civility="", family_name="", given_names="", work_mail="",
                              uai="", erased=True)  # fmt: skip
        await self.served.hear(blanked)

    async def identify(self, uai: str, *names: str, census: UUID = CENSUS, link: bool = True) -> None:
        """The school names these people in the census; each is tied to a login, and hr_networks tells the address."""
        self.named.setdefault(uai, []).extend(self.person(name) for name in names)
        persons = tuple(self.named[uai])
        academie = "20" if uai.startswith("080") else "09"
        answered = CensusAnswered(
            subject=uuid5(census, f"uai:{uai}"), census=census, uai=uai, revision=1, identified=len(persons),
            persons=persons,
        )  # fmt: skip
        links = [PersonLinked(subject=self.person(n), agent=self.login(n, academie).id) for n in names if link]
        states = [
            PersonState(subject=self.person(name), civility="madame", family_name=name, given_names="", uai=uai,
                        work_mail=f"{name}@ac-test.example")
            for name in names
        ]  # fmt: skip
        await self.served.hear(answered, *links, *states, academie=academie)

    async def ask(
        self, who: Agent, method: str, path: str, *, json: Any = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        async with self.served.as_(who) as client:
            return await client.request(method, f"/v1/training{path}", json=json, headers=headers)

    async def done(self, who: Agent, method: str, path: str, *, json: Any = None, **headers: str) -> Any:
        answer = await self.ask(who, method, path, json=json, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    async def get(self, who: Agent, path: str) -> Any:
        return await self.done(who, "GET", path)

    async def draft(self, **changes: Any) -> str:
        made = await self.done(self.office(changes.get("academie", "09")), "POST", "/offers", json=offer(**changes))
        identifier: str = made["id"]
        return identifier

    async def publish(self, **changes: Any) -> str:
        drafted = await self.draft(**changes)
        await self.done(self.office(changes.get("academie", "09")), "POST", f"/offers/{drafted}/publication")
        return drafted

    async def groups(self, offer: str, *places: int) -> list[str]:
        """The nth group of each module; the first of each by default."""
        modules = (await self.get(self.office(), f"/offers/{offer}"))["modules"]
        return [part["groups"][place]["id"] for part, place in zip(modules, places or (0, 0), strict=True)]

    async def apply(self, offer: str, name: str, *places: int, submit: bool = True) -> httpx.Response:
        wish = {"groups": await self.groups(offer, *places), "submit": submit}
        return await self.ask(self.login(name), "POST", f"/offers/{offer}/candidatures", json=wish)

    async def applied(self, offer: str, name: str, *places: int) -> str:
        answer = await self.apply(offer, name, *places)
        assert answer.status_code == 201, answer.text
        identifier: str = answer.json()["id"]
        return identifier

    async def give(self, candidature: str, uai: str, wish: dict[str, Any] | None = None) -> httpx.Response:
        path = f"/candidatures/{candidature}/avis"
        return await self.ask(self.head(uai), "PUT", path, json=wish or avis())

    async def read(self, candidature: str) -> Any:
        return await self.get(self.office(), f"/candidatures/{candidature}")

    async def supported(self, offer: str, uai: str, *names: str) -> list[str]:
        """Each applies, in this order, and has a favourable avis."""
        made = []
        for name in names:
            made.append(await self.applied(offer, name))
            assert (await self.give(made[-1], uai)).status_code == 200
        return made

    async def select(self, offer: str, bassin: str, **wish: Any) -> httpx.Response:
        return await self.ask(self.office(), "POST", f"/offers/{offer}/bassins/{bassin}/selection", json=wish)

    async def selected(self, offer: str, bassin: str, **wish: Any) -> Any:
        answer = await self.select(offer, bassin, **wish)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def rows(self, sql: str) -> list[Any]:
        """As the one who may see everything."""
        async with self.served.db.batch(self.served.settings.academies) as tx:
            return [tuple(row) for row in await tx.fetch(sql)]

    async def told(self, *kinds: str) -> list[tuple[str, Any]]:
        """The events told so far, by their short names."""
        told = [(ce_type.split(".")[-2], body) for ce_type, _, body in await self.served.told()]
        return [each for each in told if not kinds or each[0] in kinds]


def school(
    uai: str, bassin: str | None, *, mail: str | None = None, closed_on: date | None = None
) -> EtablissementState:
    return EtablissementState(
        subject=school_id(Uai(uai)), uai=uai, name=f"Collège {uai}", nature="340", level="second-degre",
        sector="public", commune="59350", departement="59", academie="20" if uai.startswith("080") else "09",
        mail=f"ce.{uai.lower()}@ac-test.example" if mail is None else mail, opened_on=None, closed_on=closed_on,
        memberships=() if bassin is None else (Membership(bassin=bassin, since=date(1990, 9, 1)),),
    )  # fmt: skip


def bassin(code: str, name: str) -> BassinState:
    return BassinState(
        subject=bassin_id(CodeBassin(code)), code=code, name=name, local_name="bassin", departement="59",
        academie=code[:2], closed_on=None,
    )  # fmt: skip


def opened(census: UUID) -> CensusOpened:
    return CensusOpened(
        subject=census, object="identification des personnels", function=FUNCTION, deadline=date(2007, 11, 20)
    )


@pytest.fixture
async def play(serve: "Callable[..., Awaitable[Served]]", agent: Callable[..., Agent]) -> Training:
    """Two bassins of Lille and one of Amiens, on the day of the letter's publication; a census in each académie."""
    played = Training(await serve("training", at=PUBLICATION), agent)
    await played.served.hear(
        bassin(LILLE_CENTRE, "LILLE CENTRE"), bassin(ROUBAIX, "ROUBAIX TOURCOING"),
        school(COLLEGE, LILLE_CENTRE), school(LYCEE, LILLE_CENTRE), school(COLLEGE_ROUBAIX, ROUBAIX), opened(CENSUS),
    )  # fmt: skip
    await played.served.hear(
        bassin(AMIENS, "AMIENS"), school(COLLEGE_AMIENS, AMIENS), opened(UUID(int=0x20)), academie="20"
    )
    return played
