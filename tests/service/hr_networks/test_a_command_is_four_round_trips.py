"""A command asks the database four times: begin, lock and load, write, commit."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx
from tests.service.counting import Commands, Route, count

from common.identity import Role

if TYPE_CHECKING:
    from tests.service.hr_networks.conftest import Census

Named = Callable[..., dict[str, str]]
ROOT = "/v1/hr-networks"
CAMPAIGN = f"{ROOT}/campaigns/{{campaign:uuid}}"
OPEN: Route = ("POST", f"{ROOT}/campaigns")
ANSWER: Route = ("PUT", f"{CAMPAIGN}/answers/{{uai:str}}")
MOVE: Route = ("PATCH", CAMPAIGN)
CLOSE: Route = ("POST", f"{CAMPAIGN}/closing")
CLAIM: Route = ("POST", f"{ROOT}/me/link")
LINK: Route = ("POST", f"{ROOT}/people/{{person:uuid}}/link")
SEND_AGAIN: Route = ("POST", f"{ROOT}/mails/{{mail:uuid}}/sending")
COUNTED = frozenset({OPEN, ANSWER, MOVE, CLOSE, CLAIM, LINK, SEND_AGAIN})
REFUSED = "UPDATE mail SET state = 'refused', error = 'smtp 550', attempts = 1, settled_at = now()"


async def ask(who: httpx.AsyncClient, method: str, path: str, wish: Any = None, tag: str = "") -> httpx.Response:
    headers = {"If-Match": tag} if tag else {}
    async with who as client:
        return await client.request(method, f"{ROOT}{path}", json=wish, headers=headers)


async def test_a_command_is_four_round_trips(census: "Census", named: Named) -> None:
    opened = await census.open()
    first = await census.answer(opened, census.college, named(), named("David", "Lannoy"))
    david = first.json()["persons"][1]
    mail = await refused_mail(census)
    anna = census.agent(Role.AGENT, mail="anna.martel@ac-test.example")
    corrected = (named(), named("David", "Lannoy"), named("Chloé", "Arnould", work_mail="c@ac-test.example"))
    agent, campaign = {"agent": str(uuid4())}, f"/campaigns/{opened}"
    commands: Commands = [
        (OPEN, lambda: ask(census.as_office(), "POST", "/campaigns", census.wish)),
        (ANSWER, lambda: census.answer(opened, census.lycee, named("Bruno", "Calmette"))),
        (ANSWER, lambda: census.answer(opened, census.college, *corrected, if_match='"1"')),
        (MOVE, lambda: ask(census.as_office(), "PATCH", campaign, {"deadline": "2007-11-30"}, '"1"')),
        (CLOSE, lambda: ask(census.as_office(), "POST", f"{campaign}/closing", {"reason": "Fini."})),
        (CLAIM, lambda: ask(census.served.as_(anna), "POST", "/me/link")),
        (LINK, lambda: ask(census.as_head(census.college), "POST", f"/people/{david}/link", agent)),
        (SEND_AGAIN, lambda: ask(census.as_office(), "POST", f"/mails/{mail}/sending", {})),
    ]

    assert set(await count(census.served, commands)) == {4}


async def refused_mail(census: "Census") -> UUID:
    await census.served.run_job("announce_to_schools")
    async with census.served.db.batch(census.served.settings.academies) as tx:
        await tx.execute(REFUSED)
        identifier: UUID = await tx.fetchval("SELECT id FROM mail LIMIT 1")
        return identifier
