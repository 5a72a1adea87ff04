"""The charter says what networks are for; the office activates one per bassin, and training fills it."""

import asyncio

import pytest
from tests.service.hr_networks.meetings.networks import FUNCTION, OFFER, Networks, followed, missed

from common.identity import Role

PATH = "/v1/hr-networks"


@pytest.mark.item(116)
async def test_a_network_is_activated_under_the_charter_and_says_what_it_is_for(networks: Networks) -> None:
    charters = await networks.get("/charters", networks.as_animateur(networks.lille_centre))
    [network] = (await networks.get("/networks", networks.as_secretary()))["items"]

    assert [(each["version"], each["applies_from"], each["office"]) for each in charters] == [
        (1, "2008-01-21", "DIFOR")
    ]
    assert (network["bassin"], network["name_of_bassin"], network["function"]) == ("09101", "LILLE CENTRE", FUNCTION)
    assert network["charter"] == 1
    assert {each["code"]: each["label"].split()[0] for each in network["purposes"]} == {
        "accueil": "améliorer", "besoins": "contribuer", "formations": "participer", "pratiques": "échanger",
    }  # fmt: skip
    [(_, told)] = await networks.facts("network_activated")
    assert told == {"subject": network["id"], "bassin": "09101", "function": FUNCTION}
    assert await networks.get(f"/networks/{network['id']}", networks.as_office()) == network


async def test_a_bassin_has_one_network_per_function(networks: Networks) -> None:
    again = await networks.activate(networks.lille_centre, function=FUNCTION.upper())
    other = await networks.activate(networks.lille_centre, function="adjoint gestionnaire")

    assert (again.status_code, again.json()["type"]) == (409, "/problems/network-already-active")
    assert other.status_code == 201


async def test_a_network_needs_a_known_bassin_and_a_charter_in_force(networks: Networks) -> None:
    unknown = await networks.activate("09114")
    without = await networks.activate(networks.amiens)

    assert (unknown.status_code, unknown.json()["type"]) == (422, "/problems/bassin-of-no-network")
    assert unknown.json()["errors"][0]["pointer"] == "/bassin"
    assert (without.status_code, without.json()["type"]) == (409, "/problems/no-charter-in-force")
    assert len(await networks.facts("network_activated")) == 1


async def test_a_charter_has_versions_and_a_network_says_its_own(networks: Networks) -> None:
    later = await networks.publish_charter(applies_from="2008-02-01", text="Deuxième version.")
    past = await networks.publish_charter(applies_from="2008-01-20")
    now = (await networks.activate(networks.roubaix)).json()
    networks.at(2008, 2, 1)
    then = (await networks.activate(networks.roubaix, function="autre fonction")).json()

    assert (later.status_code, later.json()["version"]) == (201, 2)
    assert (past.status_code, past.json()["type"]) == (409, "/problems/charter-in-the-past")
    assert (now["charter"], then["charter"]) == (1, 2)
    [version, *_] = await networks.get("/charters?academie=09", networks.as_office())
    assert (version["version"], version["text"]) == (2, "Deuxième version.")


async def test_only_the_office_of_the_academie_decides(networks: Networks) -> None:
    wish = {"bassin": "09104", "function": "x", "purposes": ["besoins"]}
    async with networks.as_office("20") as stranger:
        refused = await stranger.post(f"{PATH}/networks", json=wish)

    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-yours")
    assert await networks.get("/networks", networks.as_office("20")) == {"items": [], "next": None}


async def test_the_network_of_another_academie_is_unknown(networks: Networks) -> None:
    [network] = (await networks.get("/networks", networks.as_office()))["items"]

    async with networks.as_office("20") as stranger:
        answer = await stranger.get(f"{PATH}/networks/{network['id']}")

    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-network")


async def test_of_two_who_publish_a_charter_at_once_one_is_asked_to_come_again(networks: Networks) -> None:
    async with networks.served.db.batch(networks.served.settings.academies) as tx:
        await tx.execute(ANOTHER_VERSION)
        second = asyncio.create_task(networks.publish_charter())
        await asyncio.sleep(0.3)  # it has taken the same number, and waits for what the first one does

    answer = await second
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/charter-being-published")
    assert answer.headers["retry-after"] == "1"
    assert (await networks.publish_charter()).json()["version"] == 3


ANOTHER_VERSION = """
INSERT INTO charter (academie, version, text, applies_from, office, mail, published_by, published_at)
SELECT academie, version + 1, text, applies_from, office, mail, published_by, published_at FROM charter
"""


@pytest.mark.item(119)
@pytest.mark.item(121)
async def test_animateurs_are_those_who_were_trained_and_nobody_enters_them_by_hand(networks: Networks) -> None:
    async def listed() -> list[str]:
        found = await networks.get("/bassins/09101/animateurs", networks.as_animateur("09101"))
        return [each["name"] for each in found]

    assert await listed() == ["Chloé Arnould", "Anna Martel"]

    await networks.served.hear(missed(networks.chloe))
    assert await listed() == ["Anna Martel"]

    await networks.served.hear(followed(networks.chloe))
    assert await listed() == ["Chloé Arnould", "Anna Martel"]


async def test_following_the_second_module_only_makes_no_animateur(networks: Networks) -> None:
    await networks.served.hear(followed(networks.bruno, rank=2))

    found = await networks.get(f"/bassins/09101/animateurs?offer={OFFER}", networks.as_office())

    assert str(networks.bruno) not in [each["person"] for each in found]
    assert {(each["meetings_from"], each["meetings_until"]) for each in found} == {("2008-01-19", "2008-04-06")}


async def test_animateurs_are_shown_to_those_who_convene_there(networks: Networks) -> None:
    await networks.link()
    colleagues = await networks.get("/bassins/09101/animateurs", networks.as_secretary())
    async with networks.served.as_(networks.agent(Role.AGENT, uai=networks.lycee)) as other:
        refused = await other.get(f"{PATH}/bassins/09101/animateurs")
    async with networks.as_animateur(networks.roubaix) as neighbour:
        elsewhere = await neighbour.get(f"{PATH}/bassins/09101/animateurs")

    assert len(colleagues) == 2
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-convener")
    assert elsewhere.status_code == 403
