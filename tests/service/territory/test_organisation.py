"""Académies and régions académiques, and what an académie says of itself."""

from typing import Any

import pytest

PROFIL = "/v1/territory/academies/09/profil"
NANTES = {
    "name": "Rectorat de Nantes",
    "address": "4 rue de la Houssinière, BP 72616, 44326 Nantes Cedex 03",
    "phone": "02 40 37 37 37",
    "mail": "",
}


async def change(importing: Any, wish: dict[str, Any]) -> Any:
    etag = (await importing.client.get(PROFIL)).headers["etag"]
    return await importing.client.put(PROFIL, json=wish, headers={"If-Match": etag})


@pytest.mark.item(49)
async def test_the_region_academique_bears_the_name_of_the_day(both: Any) -> None:
    async def region(day: str) -> Any:
        return (await both.client.get(f"/v1/territory/regions?on={day}")).json()

    assert await region("2016-06-01") == [
        {"code": "32", "label": "Nord-Pas-de-Calais-Picardie", "academies": ["09", "20"]}
    ]
    assert (await region("2026-11-22"))[0]["label"] == "Hauts-de-France"
    assert await region("2007-10-26") == []


async def test_an_unknown_region_is_said_to_be_unknown(lille: Any) -> None:
    answer = await lille.client.get("/v1/territory/regions/99")

    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-region")


async def test_an_agent_sees_his_academies_with_their_departements(lille: Any, both: Any) -> None:
    one, two = [(await who.client.get("/v1/territory/academies")).json() for who in (lille, both)]

    assert [(a["code"], a["name"], a["departements"]) for a in one] == [("09", "Lille", ["59", "62"])]
    assert [a["code"] for a in two] == ["09", "20"]
    assert (await lille.client.get("/v1/territory/academies/20")).json()["type"] == "/problems/unknown-academie"
    assert [d["name"] for d in (await lille.client.get("/v1/territory/departements")).json()] == [
        "Nord",
        "Pas-de-Calais",
    ]


@pytest.mark.item(115)
async def test_what_bassins_are_called_is_the_academies_choice_and_is_told(
    lille: Any, territory: Any, directory: Any, line: Any
) -> None:
    await lille.apply(directory(line()), effective_on="2020-09-01")

    answer = await change(lille, {"local_name": "BEC"})

    assert answer.status_code == 200, answer.text
    kind, _, state = (await territory.told())[-1]
    assert (kind, state["code"], state["local_name"]) == ("fr.bassin.territory.bassin.v1", "09101", "BEC")
    assert (await lille.client.get("/v1/territory/bassins/09101")).json()["local_name"] == "BEC"
    asked = (await lille.client.get("/v1/territory/etablissements/0590318A/bassin")).json()
    assert asked["bassin"]["local_name"] == "BEC"


@pytest.mark.item(115)
async def test_a_bassin_imported_later_bears_the_academies_word(
    lille: Any, territory: Any, directory: Any, line: Any
) -> None:
    await change(lille, {"local_name": "BEC"})
    await lille.apply(directory(line()))

    assert [s["local_name"] for kind, _, s in await territory.told() if kind.endswith("bassin.v1")] == ["BEC"]


@pytest.mark.item(48)
async def test_the_address_of_the_rectorat_is_data(lille: Any, territory: Any) -> None:
    await change(lille, {"rectorat": NANTES})

    assert (await lille.client.get("/v1/territory/academies/09")).json()["rectorat"] == NANTES
    assert await territory.told() == []


async def test_two_people_do_not_overwrite_each_other(lille: Any) -> None:
    read = (await lille.client.get(PROFIL)).headers["etag"]
    first = await lille.client.put(PROFIL, json={"local_name": "BEC"}, headers={"If-Match": read})
    second = await lille.client.put(PROFIL, json={"local_name": "zone"}, headers={"If-Match": read})
    blind = await lille.client.put(PROFIL, json={"local_name": "zone"})

    assert [answer.status_code for answer in (first, second, blind)] == [200, 412, 428]
    assert first.headers["etag"] == (await lille.client.get(PROFIL)).headers["etag"]


@pytest.mark.item(19)
@pytest.mark.item(20)
@pytest.mark.item(21)
async def test_the_three_poles_can_be_read_with_their_labels(lille: Any) -> None:
    assert [m["label"] for m in (await lille.client.get("/v1/territory/missions")).json()] == [
        "Pilotage et animation pédagogique",
        "Gestion des ressources humaines de proximité",
        "Relations avec les partenaires locaux",
    ]


@pytest.mark.item(7)
async def test_the_text_that_bassins_rest_on_is_in_force_from_its_day(lille: Any) -> None:
    today = (await lille.client.get("/v1/territory/reference-texts?on=2026-11-22")).json()
    before = (await lille.client.get("/v1/territory/reference-texts?on=2001-06-19")).json()

    assert [(text["nor"], text["rlr"]) for text in today] == [("MEND0101328C", "520-7")]
    assert before == []
