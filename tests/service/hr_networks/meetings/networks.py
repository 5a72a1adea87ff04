"""The intersession of the letter of 2007 as a test plays it: those whom training made animateurs convene."""

from datetime import date
from typing import Any, cast
from uuid import UUID, uuid5

import httpx
from tests.service.hr_networks.conftest import Census

from common.contracts.training import ModuleFollowed, ModuleMissed, ModuleOutline, OfferPublished
from common.identity import Role

FUNCTION = "secrétariat de direction"
OFFER, MODULE = UUID(int=0xA0), UUID(int=0xA1)
MEETINGS = "/v1/hr-networks/meetings"
INTERSESSION = (2008, 1, 21, 9)
CHARTER = {
    "academie": "09",
    "text": "L’instauration d’un réseau de ressources humaines pour la mutualisation de compétences et des moyens…",
    "office": "DIFOR",
    "mail": "difor@ac-lille.example",
}


def offer(**changes: Any) -> OfferPublished:
    """Module 1 on 14-15 or 17-18 January, module 2 on 7 and 8 April 2008."""
    modules = (
        ModuleOutline(
            module=MODULE, rank=1, title="méthodologique", first_day=date(2008, 1, 14), last_day=date(2008, 1, 18)
        ),
        ModuleOutline(
            module=UUID(int=0xA2), rank=2, title="suivi et supervision", first_day=date(2008, 4, 7),
            last_day=date(2008, 4, 8),
        ),
    )  # fmt: skip
    said: dict[str, Any] = {
        "subject": OFFER, "title": "Animer des réunions d’échange de pratiques", "year": "2007-2008",
        "function": FUNCTION, "opens_on": date(2007, 11, 20), "closes_on": date(2007, 12, 4), "modules": modules,
    }  # fmt: skip
    return OfferPublished(**{**said, **changes})


def followed(person: UUID, bassin: str = "09101", **changes: Any) -> ModuleFollowed:
    return ModuleFollowed(**{**attended(person, bassin), **changes})


def missed(person: UUID, bassin: str = "09101", **changes: Any) -> ModuleMissed:
    return ModuleMissed(**{**attended(person, bassin), "justified": True, **changes})


def attended(person: UUID, bassin: str) -> dict[str, Any]:
    candidature = uuid5(OFFER, f"candidature:{person}")
    return {
        "subject": uuid5(candidature, f"module:{MODULE}"), "offer": OFFER, "module": MODULE, "rank": 1,
        "candidature": candidature, "person": person, "bassin": bassin,
    }  # fmt: skip


class Networks(Census):
    """A census with its answers, then the intersession: `anna` and `chloe` animate LILLE CENTRE, `bruno` does not."""

    anna: UUID
    bruno: UUID
    chloe: UUID
    david: UUID

    def __init__(self, census: Census) -> None:
        super().__init__(census.served, census.agent)

    async def begin(self, named: Any) -> None:
        opened = await self.open()
        self.anna, self.bruno = await self.declare(opened, self.college, named(), named("Bruno", "Calmette"))
        (self.chloe,) = await self.declare(opened, self.lycee, named("Chloé", "Arnould", work_mail="c@ac-test.example"))
        (self.david,) = await self.declare(opened, self.college_roubaix, named("David", "Lannoy"))
        self.at(*INTERSESSION)
        await self.served.hear(offer(), followed(self.anna), followed(self.chloe))
        assert (await self.publish_charter()).status_code == 201
        assert (await self.activate(self.lille_centre)).status_code == 201

    async def declare(self, campaign: UUID, uai: str, *persons: dict[str, str]) -> list[UUID]:
        answer = await self.answer(campaign, uai, *persons)
        assert answer.status_code == 201, answer.text
        return [UUID(person) for person in answer.json()["persons"]]

    async def publish_charter(self, **changes: str) -> httpx.Response:
        async with self.as_office() as office:
            return await office.post("/v1/hr-networks/charters", json={**CHARTER, **changes})

    async def activate(self, bassin: str, **changes: Any) -> httpx.Response:
        wish = {"bassin": bassin, "function": FUNCTION, "purposes": ["accueil", "besoins", "formations", "pratiques"]}
        async with self.as_office(bassin[:2]) as office:
            return await office.post("/v1/hr-networks/networks", json={**wish, **changes})

    def as_secretary(self, mail: str = "anna.martel@ac-test.example") -> httpx.AsyncClient:
        """Somebody who is no more than an agent of a school; her login is tied to her person by her address."""
        return self.served.as_(self.agent(Role.AGENT, "09", uai=self.college, mail=mail))

    async def link(self, mail: str = "anna.martel@ac-test.example") -> None:
        async with self.as_secretary(mail) as secretary:
            answer = await secretary.post("/v1/hr-networks/me/link")
        assert answer.status_code == 200, answer.text

    def meeting_wish(self, **changes: Any) -> dict[str, Any]:
        return {
            "offer": str(OFFER), "bassin": self.lille_centre, "starts_at": "2008-02-05T09:00:00+01:00",
            "ends_at": "2008-02-05T12:00:00+01:00", "place": "Lycée Faidherbe, salle 12", "commune": "59350",
            "animateurs": [str(self.anna)], **changes,
        }  # fmt: skip

    async def plan(self, who: httpx.AsyncClient | None = None, **changes: Any) -> httpx.Response:
        async with who or self.as_animateur(self.lille_centre) as client:
            return await client.post(MEETINGS, json=self.meeting_wish(**changes))

    async def planned(self, **changes: Any) -> UUID:
        answer = await self.plan(**changes)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    async def move(self, meeting: UUID, if_match: str | None = '"1"', **changes: Any) -> httpx.Response:
        headers = {} if if_match is None else {"If-Match": if_match}
        async with self.as_animateur(self.lille_centre) as client:
            return await client.patch(f"{MEETINGS}/{meeting}", json=changes, headers=headers)

    async def cancel(self, meeting: UUID, reason: str = "Salle indisponible.") -> httpx.Response:
        async with self.as_animateur(self.lille_centre) as client:
            return await client.post(f"{MEETINGS}/{meeting}/cancellation", json={"reason": reason})

    def came(self, *absent: UUID, half: str = "am", **changes: Any) -> list[dict[str, Any]]:
        return [
            {"person": str(person), "half": half, "present": person not in absent, **changes}
            for person in (self.anna, self.bruno, self.chloe)
        ]

    async def hold(
        self, meeting: UUID, presences: list[dict[str, Any]], if_match: str | None = '"1"', **more: Any
    ) -> httpx.Response:
        headers = {} if if_match is None else {"If-Match": if_match}
        async with self.as_animateur(self.lille_centre) as client:
            wish = {"presences": presences, **more}
            return await client.put(f"{MEETINGS}/{meeting}/attendance", json=wish, headers=headers)

    async def anonymous(self, path: str, **headers: str) -> httpx.Response:
        transport = httpx.ASGITransport(cast("Any", self.served.app), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await client.get(path, headers=headers)

    async def facts(self, *kinds: str) -> list[tuple[str, dict[str, object]]]:
        told = [(kind.removeprefix("fr.bassin.hr_networks."), body) for kind, _, body in await self.served.told()]
        return [(kind, body) for kind, body in told if kind.startswith(kinds)]
