"""The intersession as a test plays it: three of Roubaix were retained and convened, and their meeting is planned."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from common.contracts.hr_networks import MeetingCancelled, MeetingHeld, MeetingMoved, MeetingPlanned, Presence
from common.contracts.training import HalfDay
from common.identity import Agent

if TYPE_CHECKING:
    from tests.service.training.conftest import Training

COLLEGE_ROUBAIX, LYCEE_ROUBAIX, ROUBAIX = "0590003H", "0590004J", "09104"
ANIMATEURS, OTHERS = ("anna", "bruno", "chloe"), ("david", "emma")
MEETING = UUID(int=0x500)
PLANNED = datetime(2008, 2, 5, 8, tzinfo=UTC), datetime(2008, 2, 5, 11, tzinfo=UTC)
MOVED = datetime(2008, 2, 12, 13, tzinfo=UTC), datetime(2008, 2, 12, 16, tzinfo=UTC)
FUNCTION = "secrétariat de direction"


class Intersession:
    """What the office, the heads and hr_networks do about the meeting of Roubaix."""

    def __init__(self, play: "Training", offer: str, candidatures: dict[str, str]) -> None:
        self.play, self.offer, self.candidatures = play, offer, candidatures
        self.office = play.office()

    def person(self, name: str) -> UUID:
        return self.play.person(name)

    async def plan(self, *animateurs: str, offer: str | None = None) -> None:
        starts_at, ends_at = PLANNED
        names = animateurs or ANIMATEURS
        await self.play.served.hear(
            MeetingPlanned(
                subject=MEETING, offer=UUID(offer or self.offer), function=FUNCTION, bassin=ROUBAIX,
                starts_at=starts_at, ends_at=ends_at, half_days=(HalfDay(starts_at.date(), "am"),),
                place="Lycée Baudelaire", commune="59512", animateurs=tuple(map(self.person, names)),
            )
        )  # fmt: skip

    async def move(self, *animateurs: str, when: tuple[datetime, datetime] = MOVED, half: str = "pm") -> None:
        starts_at, ends_at = when
        names = animateurs or ANIMATEURS
        await self.play.served.hear(
            MeetingMoved(
                subject=MEETING, offer=UUID(self.offer), function=FUNCTION, bassin=ROUBAIX, starts_at=starts_at,
                ends_at=ends_at, half_days=(HalfDay(starts_at.date(), half),), place="Lycée Baudelaire",
                commune="59512", animateurs=tuple(map(self.person, names)),
            )
        )  # fmt: skip

    async def cancel(self) -> None:
        await self.play.served.hear(MeetingCancelled(subject=MEETING, offer=UUID(self.offer), bassin=ROUBAIX))

    async def hold(self, *absent: str) -> None:
        presences = tuple(
            Presence(person=self.person(name), day=date(2008, 2, 5), half="am", present=name not in absent)
            for name in (*ANIMATEURS, *OTHERS)
        )
        held = MeetingHeld(
            subject=MEETING, offer=UUID(self.offer), bassin=ROUBAIX, presences=presences,
            animateurs=tuple(map(self.person, ANIMATEURS)),
        )  # fmt: skip
        await self.play.served.hear(held)

    async def post(self, who: Agent, path: str, wish: Any = None) -> Any:
        return await self.play.done(who, "POST", path, json=wish)

    async def send(self) -> Any:
        return await self.post(self.office, f"/meetings/{MEETING}/ordres-de-mission")

    async def convene(self) -> Any:
        return await self.post(self.office, f"/meetings/{MEETING}/convocations")

    async def papers(self, **filters: str) -> list[Any]:
        query = "&".join(f"{name}={value}" for name, value in filters.items())
        found: list[Any] = (await self.play.get(self.office, f"/papers?{query}"))["items"]
        return found

    async def group(self, rank: int, place: int = 0) -> str:
        modules = (await self.play.get(self.office, f"/offers/{self.offer}"))["modules"]
        identifier: str = modules[rank - 1]["groups"][place]["id"]
        return identifier

    async def convene_group(self, rank: int) -> Any:
        return await self.post(self.office, f"/sessions/{await self.group(rank)}/convocations")

    async def note(
        self, rank: int, *absent: str, reason: str | None = None, justified: bool = False, version: int | None = None
    ) -> Any:
        """The roll of a module's first group: everybody came but those named; `version`: as somebody read it before."""
        path = f"/sessions/{await self.group(rank)}/attendance"
        roll = await self.play.get(self.office, path)
        away = {str(self.person(name)) for name in absent}
        presences = [
            {
                "candidature": each["candidature"], **half_day, "present": each["person"] not in away,
                "justified": justified and each["person"] in away,
            }
            for each in roll["convened"] for half_day in roll["half_days"]
        ]  # fmt: skip
        wish = {"presences": presences, **({} if reason is None else {"reason": reason})}
        headers = {"If-Match": f'"{roll["version"] if version is None else version}"'}
        return await self.play.ask(self.office, "PUT", path, json=wish, headers=headers)

    async def followed(self, rank: int, *absent: str) -> None:
        await self.convene_group(rank)
        self.play.at(*((2008, 1, 15) if rank == 1 else (2008, 4, 8)), 17)
        answer = await self.note(rank, *absent)
        assert answer.status_code == 200, answer.text


@pytest.fixture
def intersession(play: "Training") -> Callable[..., Awaitable[Intersession]]:
    async def begin() -> Intersession:
        """On the eve of the first module: three go, two others hold the function in the bassin."""
        await play.hear_school(LYCEE_ROUBAIX, ROUBAIX)
        await play.identify(COLLEGE_ROUBAIX, *ANIMATEURS)
        await play.identify(LYCEE_ROUBAIX, *OTHERS)
        published = await play.publish()
        candidatures = await play.supported(published, COLLEGE_ROUBAIX, *ANIMATEURS)
        play.at(2007, 12, 5)
        await play.selected(published, ROUBAIX)
        play.at(2008, 1, 7)
        return Intersession(play, published, dict(zip(ANIMATEURS, candidatures, strict=True)))

    return begin


@pytest.fixture
async def inter(intersession: Callable[..., Awaitable[Intersession]]) -> Intersession:
    return await intersession()
