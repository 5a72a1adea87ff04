"""An agent who logs in is tied to a person once: by the verified address, else by the head of the school."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from common.identity import Role

if TYPE_CHECKING:
    from tests.service.hr_networks.conftest import Census

LINK = "/v1/hr-networks/me/link"
Named = Callable[..., dict[str, str]]


async def anna_declared(census: "Census", named: Named) -> UUID:
    answer = await census.answer(await census.open(), census.college, named())
    return UUID(answer.json()["persons"][0])


async def test_the_verified_address_ties_once_and_the_fact_says_so(census: "Census", named: Named) -> None:
    anna = await anna_declared(census, named)
    agent = census.agent(Role.AGENT, mail="Anna.MARTEL@ac-test.example")
    async with census.served.as_(agent) as client:
        before = await client.get("/v1/hr-networks/me")
        tied = await client.post(LINK)
        again = await client.post(LINK)
        record = await client.get("/v1/hr-networks/me")

    assert (before.status_code, before.json()["type"]) == (404, "/problems/unknown-person")
    assert (tied.status_code, tied.json()) == (200, {"person": str(anna), "agent": str(agent.id)})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/agent-already-linked")
    assert (record.json()["family_name"], record.json()["uai"]) == ("Martel", census.college)
    [(_, academie, fact)] = [told for told in await census.served.told() if told[0].endswith("person_linked.v1")]
    assert (academie, fact) == ("09", {"subject": str(anna), "agent": str(agent.id)})


async def test_another_login_with_the_same_address_comes_too_late(census: "Census", named: Named) -> None:
    await anna_declared(census, named)
    first = census.agent(Role.AGENT, mail="anna.martel@ac-test.example")
    second = census.agent(Role.CHEF_ETABLISSEMENT, uai=census.lycee, mail="anna.martel@ac-test.example")
    answers = []
    for agent in (first, second):
        async with census.served.as_(agent) as client:
            answers.append(await client.post(LINK))

    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[1].json()["type"] == "/problems/person-already-linked"


async def test_an_unverified_or_unknown_address_ties_nothing(census: "Census", named: Named) -> None:
    await anna_declared(census, named)
    unknown = census.agent(Role.AGENT, mail="somebody@ac-test.example")
    async with census.served.as_(census.agent(Role.AGENT)) as unverified, census.served.as_(unknown) as other:
        answers = [await unverified.post(LINK), await other.post(LINK)]

    assert [answer.json()["type"] for answer in answers] == [
        "/problems/mail-not-verified",
        "/problems/nobody-has-this-mail",
    ]
    assert str(unknown.id) in answers[1].json()["detail"]


async def test_an_address_declared_in_another_academie_ties_nothing(census: "Census", named: Named) -> None:
    await anna_declared(census, named)
    async with census.served.as_(census.agent(Role.AGENT, "20", mail="anna.martel@ac-test.example")) as client:
        assert (await client.post(LINK)).json()["type"] == "/problems/nobody-has-this-mail"


async def test_the_head_of_the_school_ties_and_no_other(census: "Census", named: Named) -> None:
    anna = await anna_declared(census, named)
    agent = census.agent(Role.AGENT)
    path = f"/v1/hr-networks/people/{anna}/link"
    async with (
        census.as_head(census.lycee) as other,
        census.as_office() as office,
        census.as_animateur(census.lille_centre) as animateur,
        census.as_head(census.college_amiens) as elsewhere,
        census.as_head(census.college) as head,
    ):
        refused = [await who.post(path, json={"agent": str(agent.id)}) for who in (other, office, animateur, elsewhere)]
        tied = await head.post(path, json={"agent": str(agent.id)})

    assert [answer.status_code for answer in refused] == [403, 403, 403, 404]
    assert refused[2].json()["type"] == "/problems/bassin-never-decides"
    assert tied.status_code == 200


async def test_two_people_for_one_login_at_once_tie_one(census: "Census", named: Named) -> None:
    opened = await census.open()
    answer = await census.answer(opened, census.college, named(), named("Bruno", "Calmette"))
    agent = census.agent(Role.AGENT)

    async def tie(person: str) -> int:
        async with census.as_head(census.college) as head:
            return (await head.post(f"/v1/hr-networks/people/{person}/link", json={"agent": str(agent.id)})).status_code

    assert sorted(await asyncio.gather(*map(tie, answer.json()["persons"]))) == [200, 409]
