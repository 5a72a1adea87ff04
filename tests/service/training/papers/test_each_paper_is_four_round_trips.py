"""However many papers a command issues, it asks the database four times: begin, hold and read, write, commit."""

from typing import TYPE_CHECKING, Any

import httpx
from tests.service.counting import Commands, Route, count

from common.identity import Agent

if TYPE_CHECKING:
    from tests.service.training.papers.conftest import Intersession

MEETING, SESSION = "/v1/training/meetings/{meeting:uuid}", "/v1/training/sessions/{session:uuid}"
CANDIDATURE = "/v1/training/candidatures/{candidature:uuid}"
SEND: Route = ("POST", f"{MEETING}/ordres-de-mission")
CONVENE: Route = ("POST", f"{MEETING}/convocations")
AUTHORISE: Route = ("POST", f"{MEETING}/autorisations")
CONVENE_GROUP: Route = ("POST", f"{SESSION}/convocations")
CANCEL: Route = ("POST", "/v1/training/papers/{paper:uuid}/cancellation")
KEEP: Route = ("PUT", "/v1/training/academies/{academie:str}/paper-retentions/{kind:str}")
NOTE: Route = ("PUT", f"{SESSION}/attendance")
RECOGNISE: Route = ("POST", f"{CANDIDATURE}/recognition")
REVOKE: Route = ("POST", f"{CANDIDATURE}/revocation")
RECOGNISE_ALL: Route = ("POST", "/v1/training/offers/{offer:uuid}/recognitions")
COUNTED = frozenset(
    {SEND, CONVENE, AUTHORISE, CONVENE_GROUP, CANCEL, KEEP, NOTE, RECOGNISE, REVOKE, RECOGNISE_ALL},
)


class Asking:
    def __init__(self, inter: "Intersession") -> None:
        self.inter, self.meeting = inter, "/meetings/00000000-0000-0000-0000-000000000500"

    async def post(self, path: str, wish: Any = None, who: Agent | None = None) -> httpx.Response:
        return await self.inter.play.ask(who or self.inter.office, "POST", path, json=wish)

    async def answer(self) -> httpx.Response:
        answers = [{"person": str(self.inter.person("anna")), "granted": True}]
        wish = {"uai": "0590003H", "answers": answers}
        return await self.post(f"{self.meeting}/autorisations", wish, self.inter.play.head("0590003H"))

    async def cancel(self) -> httpx.Response:
        paper = (await self.inter.papers(kind="OM"))[0]["id"]
        return await self.post(f"/papers/{paper}/cancellation", {"reason": "Arrêt maladie."})

    async def keep(self) -> httpx.Response:
        path, wish = "/academies/09/paper-retentions/OM", {"years": 9, "reason": "Charte d’archivage."}
        return await self.inter.play.ask(self.inter.office, "PUT", path, json=wish, headers={"If-Match": '"0"'})

    async def of_anna(self, act: str, wish: Any = None) -> httpx.Response:
        return await self.post(f"/candidatures/{self.inter.candidatures['anna']}/{act}", wish)

    async def note(self) -> httpx.Response:
        answer: httpx.Response = await self.inter.note(2)
        return answer


async def test_each_command_about_papers_is_four_round_trips(inter: "Intersession") -> None:
    await inter.plan()
    group, asking = await inter.group(1), Asking(inter)
    commands: Commands = [
        (SEND, lambda: asking.post(f"{asking.meeting}/ordres-de-mission")),
        (CONVENE, lambda: asking.post(f"{asking.meeting}/convocations")),
        (AUTHORISE, asking.answer),
        (CONVENE_GROUP, lambda: asking.post(f"/sessions/{group}/convocations")),
        (CANCEL, asking.cancel),
        (KEEP, asking.keep),
    ]

    assert max(await count(inter.play.served, commands)) == 4


async def test_an_attendance_and_a_recognition_are_four_round_trips(inter: "Intersession") -> None:
    await inter.followed(1)
    await inter.plan()
    inter.play.at(2008, 2, 6)
    await inter.hold()
    await inter.convene_group(2)
    inter.play.at(2008, 4, 8)
    asking = Asking(inter)
    commands: Commands = [
        (NOTE, asking.note),
        (RECOGNISE, lambda: asking.of_anna("recognition")),
        (REVOKE, lambda: asking.of_anna("revocation", {"reason": "Présence contestée."})),
        (RECOGNISE_ALL, lambda: asking.post(f"/offers/{inter.offer}/recognitions")),
    ]

    assert set(await count(inter.play.served, commands)) == {4}
