"""Finding schools: by place, nature, level, day and words, to the end of the list."""

from typing import Any

import pytest

LIST = "/v1/territory/etablissements"


@pytest.fixture
async def four_schools(lille: Any, directory: Any, line: Any, uai: Any) -> list[str]:
    names = [uai(590001 + n) for n in range(4)]
    await lille.apply(
        directory(
            line(names[0], nom="École Émile-Essai", nature="151"),
            line(names[1], nom="Collège de l'Œillet", commune="59378"),
            line(names[2], nom="Lycée des Forêts", nature="306", bassin="09102", bassin_nom="LILLE OUEST"),
            line(names[3], nom="Collège du Fort", etat="A OUVRIR", ouverture="2027-09-01"),
        ),
        effective_on="2020-09-01",
    )
    return names


async def found(importing: Any, **filters: str) -> list[str]:
    answer = await importing.client.get(LIST, params=filters)
    assert answer.status_code == 200, answer.text
    return [school["uai"] for school in answer.json()["items"]]


async def test_each_filter_narrows_the_list(lille: Any, four_schools: list[str]) -> None:
    ecole, oeillet, forets, fort = four_schools

    assert await found(lille) == four_schools
    assert await found(lille, bassin="09102") == [forets]
    assert await found(lille, bassin="09102", on="2020-08-31") == []
    assert await found(lille, commune="59378") == [oeillet]
    assert await found(lille, nature="151") == [ecole]
    assert await found(lille, departement="62") == []
    assert await found(lille, academie="20") == []
    assert await found(lille, open_on="2026-11-22") == [ecole, oeillet, forets]
    assert await found(lille, open_on="2027-09-01") == four_schools
    assert fort in await found(lille)


@pytest.mark.item(17)
async def test_schools_of_one_level_and_of_both_are_found_in_a_bassin(lille: Any, four_schools: list[str]) -> None:
    ecole, oeillet, forets, _ = four_schools
    day = {"on": "2026-11-22", "open_on": "2026-11-22"}

    assert await found(lille, bassin="09101", **day) == [ecole, oeillet]
    assert await found(lille, bassin="09101", level="premier-degre", **day) == [ecole]
    assert await found(lille, level="second-degre", **day) == [oeillet, forets]


async def test_words_are_found_without_regard_to_accents_case_and_order(lille: Any, four_schools: list[str]) -> None:
    for words, places in [
        ("emile essai", [0]),
        ("ESSAI école", [0]),
        ("oeillet", [1]),
        ("Œillet", [1]),
        ("foret", [2]),
        ("for", [2, 3]),
        ("590003", [2]),
        ("100%", []),
        ("_", [0, 1, 2, 3]),
    ]:
        assert await found(lille, q=words) == [four_schools[place] for place in places], words


async def test_the_list_is_read_to_its_end_by_following_links(lille: Any, four_schools: list[str]) -> None:
    seen, url = [], f"{LIST}?limit=3&q=e"
    while url:
        answer = await lille.client.get(url)
        seen += [school["uai"] for school in answer.json()["items"]]
        url = answer.links["next"]["url"] if "next" in answer.links else ""

    assert seen == four_schools


@pytest.mark.usefixtures("four_schools")
async def test_a_bassin_says_how_many_schools_of_each_level_it_has_on_a_day(lille: Any) -> None:
    today = (await lille.client.get("/v1/territory/bassins/09101?on=2026-11-22")).json()
    later = (await lille.client.get("/v1/territory/bassins/09101?on=2027-09-01")).json()

    assert (today["etablissements"], today["premier_degre"], today["second_degre"]) == (2, 1, 1)
    assert (later["etablissements"], later["premier_degre"], later["second_degre"]) == (3, 1, 2)


async def test_the_list_is_a_file_too(lille: Any, four_schools: list[str]) -> None:
    answer = await lille.client.get(f"{LIST}.csv?bassin=09102")

    assert answer.content.startswith(b"\xef\xbb\xbfUAI;Nom;")
    assert [row.split(";")[0] for row in answer.text.splitlines()[1:]] == [four_schools[2]]


async def test_a_filter_that_makes_no_sense_is_refused(lille: Any) -> None:
    for query in ("nature=college", "level=maternelle", "bassin=9101", "on=hier", "limit=0", "cursor=x"):
        answer = await lille.client.get(f"{LIST}?{query}")
        assert answer.status_code == 422, query
