"""A command asks the database four times at most: begin, lock and load, write, commit; many avis at once as well."""

from typing import TYPE_CHECKING, Any

import httpx
from tests.service.counting import Commands, Route, count

if TYPE_CHECKING:
    from tests.service.training.conftest import Training

COLLEGE_ROUBAIX, ROUBAIX = "0590003H", "09104"
NAMES = ("anna", "bruno", "chloe", "david", "emma", "farid")
OFFERS, CANDIDATURE = "/v1/training/offers", "/v1/training/candidatures/{candidature:uuid}"
OFFER = f"{OFFERS}/{{offer:uuid}}"
DRAFT: Route = ("POST", OFFERS)
CHANGE: Route = ("PATCH", OFFER)
PUBLISH: Route = ("POST", f"{OFFER}/publication")
RENEW: Route = ("POST", f"{OFFER}/editions")
QUOTAS: Route = ("PUT", f"{OFFER}/quotas")
APPLY: Route = ("POST", f"{OFFER}/candidatures")
SUBMIT: Route = ("POST", f"{CANDIDATURE}/submission")
CHOOSE: Route = ("PUT", f"{CANDIDATURE}/groups")
GIVE: Route = ("PUT", f"{CANDIDATURE}/avis")
GIVE_MANY: Route = ("POST", "/v1/training/avis")
DECIDE_LAPSE: Route = ("POST", f"{CANDIDATURE}/avis-lapse")
SELECT: Route = ("POST", f"{OFFER}/bassins/{{bassin:str}}/selection")
WITHDRAW: Route = ("POST", f"{CANDIDATURE}/withdrawal")
ACCEPT: Route = ("POST", f"{CANDIDATURE}/acceptance")
REFUSE: Route = ("POST", f"{CANDIDATURE}/refusal")
COUNTED = frozenset(
    {DRAFT, CHANGE, PUBLISH, RENEW, QUOTAS, APPLY, SUBMIT, CHOOSE, GIVE, GIVE_MANY, DECIDE_LAPSE, SELECT, WITHDRAW}
    | {ACCEPT, REFUSE}
)


class Played:
    """An offer, and what its candidates do under it."""

    def __init__(self, play: "Training", published: str, groups: list[str]) -> None:
        self.play, self.published, self.groups = play, published, groups
        self.candidatures: dict[str, str] = {}

    async def office(self, method: str, path: str, wish: Any = None, tag: str | None = None) -> httpx.Response:
        headers = {} if tag is None else {"If-Match": tag}
        return await self.play.ask(self.play.office(), method, path, json=wish, headers=headers)

    async def of_offer(self, method: str, path: str, wish: Any = None, tag: str | None = None) -> httpx.Response:
        return await self.office(method, f"/offers/{self.published}{path}", wish, tag)

    async def apply(self, name: str, *, submit: bool = True) -> httpx.Response:
        wish = {"groups": self.groups, "submit": submit}
        path = f"/offers/{self.published}/candidatures"
        answer = await self.play.ask(self.play.login(name), "POST", path, json=wish)
        self.candidatures[name] = answer.json()["id"]
        return answer

    async def of(self, name: str, method: str, path: str, wish: Any = None) -> httpx.Response:
        return await self.play.ask(
            self.play.login(name), method, f"/candidatures/{self.candidatures[name]}{path}", json=wish
        )

    async def give(self, name: str) -> httpx.Response:
        return await self.play.give(self.candidatures[name], COLLEGE_ROUBAIX)

    async def give_many(self, *names: str) -> httpx.Response:
        many = [{"candidature": self.candidatures[name], **self.play.avis()} for name in names]
        return await self.play.ask(self.play.head(COLLEGE_ROUBAIX), "POST", "/avis", json={"avis": many})

    async def go_on(self, name: str) -> httpx.Response:
        """Once the deadline of his avis has passed."""
        self.play.at(2007, 12, 15)
        await self.play.served.run_job("let_avis_lapse")
        wish = {"go_on": True, "reason": "Le chef est en congé."}
        return await self.office("POST", f"/candidatures/{self.candidatures[name]}/avis-lapse", wish)


async def begun(play: "Training") -> Played:
    await play.identify(COLLEGE_ROUBAIX, *NAMES)
    published = await play.publish()
    return Played(play, published, await play.groups(published, 1, 1))


async def test_an_offer_is_prepared_in_four_round_trips_each(play: "Training") -> None:
    played, drafted = await begun(play), await play.draft()

    await count(play.served, [
        (DRAFT, lambda: played.office("POST", "/offers", play.offer())),
        (CHANGE, lambda: played.office("PATCH", f"/offers/{drafted}", {"title": "Animer un réseau"}, '"1"')),
        (PUBLISH, lambda: played.office("POST", f"/offers/{drafted}/publication")),
        (RENEW, lambda: played.of_offer("POST", "/editions", {"year": "2008-2009"})),
        (QUOTAS, lambda: played.of_offer("PUT", "/quotas", {}, '"1"')),
    ])  # fmt: skip


async def test_from_a_draft_to_an_accepted_promotion_each_command_is_four_round_trips(play: "Training") -> None:
    played = await begun(play)
    commands: Commands = [
        *((APPLY, lambda name=name: played.apply(name)) for name in NAMES[:-1]),
        (APPLY, lambda: played.apply("farid", submit=False)),
        (CHOOSE, lambda: played.of("farid", "PUT", "/groups", {"groups": played.groups})),
        (SUBMIT, lambda: played.of("farid", "POST", "/submission")),
        (GIVE, lambda: played.give("anna")),
        (GIVE_MANY, lambda: played.give_many(*NAMES[1:-1])),
        (DECIDE_LAPSE, lambda: played.go_on("farid")),
        (SELECT, lambda: played.of_offer("POST", f"/bassins/{ROUBAIX}/selection", {})),
        (WITHDRAW, lambda: played.of("anna", "POST", "/withdrawal", {})),  # david is called
        (REFUSE, lambda: played.of("david", "POST", "/refusal")),  # emma is called
        (ACCEPT, lambda: played.of("emma", "POST", "/acceptance")),
    ]

    assert set(await count(play.served, commands)) == {4}


async def test_a_quota_that_calls_somebody_is_four_round_trips(play: "Training") -> None:
    played = await begun(play)
    await play.supported(played.published, COLLEGE_ROUBAIX, *NAMES)
    play.at(2007, 12, 5)
    await play.selected(played.published, ROUBAIX)
    wider = {"default": {"minimum": 2, "maximum": 5}}
    seen = await played.of_offer("PUT", "/quotas?dry_run=true", wider)

    command = (QUOTAS, lambda: played.of_offer("PUT", "/quotas", wider, seen.headers["ETag"]))

    assert await count(play.served, [command]) == [4]
    assert len(await play.told("candidature_promoted")) == 2
