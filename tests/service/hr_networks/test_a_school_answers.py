"""The chef d'établissement answers for his school alone, corrects until the deadline, and every version is kept."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.service.hr_networks.conftest import Census

PATH = "/v1/hr-networks/campaigns"
Named = Callable[..., dict[str, str]]


@pytest.mark.item(141)
async def test_a_school_names_its_people_and_the_fact_names_nobody(census: "Census", named: Named) -> None:
    opened = await census.open()

    answer = await census.answer(opened, census.college, named("Anna", "Martel"), named("Bruno", "Calmette"))

    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    receipt = answer.json()
    assert (receipt["revision"], receipt["identified"]) == (1, 2)
    [fact] = [body for kind, _, body in await census.served.told() if kind.endswith("census_answered.v1")]
    assert (fact["census"], fact["uai"], fact["revision"]) == (str(opened), census.college, 1)
    assert (fact["identified"], fact["persons"]) == (2, receipt["persons"])
    everything_but_people = [body for kind, _, body in await census.served.told() if ".person.v1" not in kind]
    assert "martel" not in str(everything_but_people).lower()


async def test_people_travel_on_their_own_stream(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.answer(opened, census.college, named("Anna", "Martel"))

    [state] = [body for kind, _, body in await census.served.told() if kind.endswith(".person.v1")]
    assert (state["family_name"], state["given_names"], state["uai"]) == ("Martel", "Anna", census.college)
    rows = await census.rows("SELECT DISTINCT stream FROM infra.outbox ORDER BY stream")
    assert rows == [("bassin.hr_networks",), ("bassin.hr_networks.people",)]


async def test_nobody_is_an_answer(census: "Census") -> None:
    opened = await census.open()

    answer = await census.answer(opened, census.college)

    assert (answer.status_code, answer.json()["identified"]) == (201, 0)
    assert (await census.completeness(opened))["total"] == {
        "addressed": 3, "answered": 1, "identified": 0, "rate": 0.3333,
    }  # fmt: skip


@pytest.mark.item(141)
async def test_a_correction_is_a_new_version_and_the_old_one_stays(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.answer(opened, census.college, named("Anna", "Martel"))
    path = f"/campaigns/{opened}/answers/{census.college}"
    read = await census.get(path, census.as_head(census.college))
    quoted = named("Anna", "Martel-Roy", work_mail="a.martel-roy@ac-test.example", person=read["persons"][0]["person"])

    answer = await census.answer(opened, census.college, quoted, named("Bruno", "Calmette"), if_match='"1"')

    assert (answer.status_code, answer.json()["revision"]) == (200, 2)
    assert answer.json()["persons"][0] == read["persons"][0]["person"]
    latest = await census.get(path, census.as_head(census.college))
    first = await census.get(f"{path}?revision=1", census.as_head(census.college))
    assert [each["family_name"] for each in latest["persons"]] == ["Martel-Roy", "Calmette"]
    assert [each["family_name"] for each in first["persons"]] == ["Martel"]
    assert (first["revision"], first["latest"]) == (1, 2)
    assert latest["persons"][0]["civility_label"] == "Madame"
    assert latest["persons"][0]["corps_label"] == "SAENES"


async def test_a_version_that_does_not_exist_is_not_found(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.answer(opened, census.college, named())

    async with census.as_head(census.college) as head, census.as_head(census.lycee) as silent:
        later = await head.get(f"{PATH}/{opened}/answers/{census.college}?revision=2")
        none = await silent.get(f"{PATH}/{opened}/answers/{census.lycee}")

    assert (later.status_code, later.json()["type"]) == (404, "/problems/unknown-answer-version")
    assert (none.status_code, none.json()["revision"], none.json()["persons"]) == (200, 0, [])


async def test_a_correction_must_have_read_what_it_corrects(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.answer(opened, census.college, named())

    blind = await census.answer(opened, census.college, named("Bruno", "Calmette"))
    stale = await census.answer(opened, census.college, named("Bruno", "Calmette"), if_match='"7"')

    assert (blind.status_code, stale.status_code) == (428, 412)
    assert (await census.get(f"/campaigns/{opened}/answers/{census.college}", census.as_head(census.college)))[
        "revision"
    ] == 1


async def test_two_corrections_at_once_keep_one(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.answer(opened, census.college, named())

    answers = await asyncio.gather(
        census.answer(opened, census.college, named("Bruno", "Calmette"), if_match='"1"'),
        census.answer(opened, census.college, named("Chloé", "Arnould", work_mail="c@ac-test.example"), if_match='"1"'),
    )

    assert sorted(answer.status_code for answer in answers) == [200, 412]


async def test_the_same_answer_again_is_refused_as_unchanged(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.answer(opened, census.college, named())

    again = await census.answer(opened, census.college, named(), if_match='"1"')

    assert (again.status_code, again.json()["type"]) == (409, "/problems/answer-unchanged")


async def test_a_head_answers_for_his_own_school(census: "Census", named: Named) -> None:
    opened = await census.open()

    answer = await census.answer(opened, census.college, named(), by=census.lycee)

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-your-school")


async def test_the_office_does_not_answer_for_a_school(census: "Census", named: Named) -> None:
    opened = await census.open()
    async with census.as_office() as office:
        answer = await office.put(f"{PATH}/{opened}/answers/{census.college}", json={"persons": [named()]})

    assert answer.status_code == 403


@pytest.mark.parametrize("uai", ["private", "primary", "college_amiens"])
async def test_a_school_that_was_not_asked_cannot_answer(census: "Census", named: Named, uai: str) -> None:
    opened = await census.open()

    answer = await census.answer(opened, getattr(census, uai), named())

    expected = "unknown-campaign" if uai == "college_amiens" else "school-not-addressed"
    assert answer.json()["type"] == f"/problems/{expected}"


@pytest.mark.item(141)
async def test_the_last_day_ends_at_the_local_midnight(census: "Census", named: Named) -> None:
    opened = await census.open()

    census.at(2007, 11, 20, 22, 59)  # 23:59 in Lille
    in_time = await census.answer(opened, census.college, named())
    census.at(2007, 11, 20, 23, 0)
    too_late = await census.answer(opened, census.lycee, named("Bruno", "Calmette"))

    assert in_time.status_code == 201
    assert (too_late.status_code, too_late.json()["type"]) == (409, "/problems/deadline-passed")


async def test_a_person_named_twice_is_refused_with_the_place(census: "Census", named: Named) -> None:
    opened = await census.open()

    answer = await census.answer(opened, census.college, named(), named())

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/duplicate-person")
    assert answer.json()["errors"][0]["pointer"] == "/persons/1"


@pytest.mark.parametrize(
    ("field", "value"),
    [("civility", "mister"), ("corps", "XYZ"), ("work_mail", "anna"), ("work_mail", "é@b.fr"), ("family_name", " "),
     ("given_names", "A\u0000"), ("nickname", "Nana")],
)  # fmt: skip
async def test_a_malformed_person_is_refused_with_the_field(
    census: "Census", named: Named, field: str, value: str
) -> None:
    opened = await census.open()

    answer = await census.answer(opened, census.college, named(**{field: value}))

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/persons/0/{field}"]
    assert value.strip() == "" or value not in answer.text


async def test_a_refusal_repeats_no_name(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.answer(opened, census.college, named())

    answer = await census.answer(
        opened, census.lycee, named("Bruno", "Calmette", work_mail="anna.martel@ac-test.example")
    )

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/mail-of-someone-else")
    assert "martel" not in answer.text.lower()


async def test_a_person_shared_by_two_schools_is_counted_once(census: "Census", named: Named) -> None:
    opened = await census.open()
    first = await census.answer(opened, census.college, named())
    second = await census.answer(opened, census.lycee, named(work_mail="ANNA.MARTEL@ac-test.example"))

    assert first.json()["persons"] == second.json()["persons"]
    total = (await census.completeness(opened))["total"]
    assert (total["answered"], total["identified"]) == (2, 1)


async def test_two_schools_that_name_somebody_new_at_once_name_one_person(census: "Census", named: Named) -> None:
    opened = await census.open()

    answers = await asyncio.gather(*(census.answer(opened, uai, named()) for uai in (census.college, census.lycee)))
    retried = [
        answer if answer.status_code == 201 else await census.answer(opened, uai, named())
        for uai, answer in zip((census.college, census.lycee), answers, strict=True)
    ]

    assert {answer.status_code for answer in answers} <= {201, 503}
    assert [answer.status_code for answer in retried] == [201, 201]
    assert await census.rows("SELECT count(*) FROM person") == [(1,)]


async def test_a_head_reads_his_own_answer_and_no_other(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.answer(opened, census.college, named())

    async with census.as_head(census.lycee) as other, census.as_animateur(census.lille_centre) as animateur:
        assert (await other.get(f"{PATH}/{opened}/answers/{census.college}")).status_code == 403
        assert (await other.get(f"{PATH}/{opened}/answers")).status_code == 403
        assert (await animateur.get(f"{PATH}/{opened}/answers/{census.college}")).status_code == 403
        assert (await animateur.get(f"{PATH}/{opened}/names.csv")).status_code == 403


async def test_the_office_lists_who_is_silent(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.answer(opened, census.college, named())

    silent = await census.get(f"/campaigns/{opened}/answers?answered=false", census.as_office())
    answered = await census.get(f"/campaigns/{opened}/answers?answered=true", census.as_office())

    assert [each["uai"] for each in silent["items"]] == [census.lycee, census.college_roubaix]
    assert [(each["uai"], each["bassin"], each["identified"]) for each in answered["items"]] == [
        (census.college, census.lille_centre, 1)
    ]
    assert "Martel" not in str(answered)


async def test_an_answer_leaves_a_trace_without_a_name(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.answer(opened, census.college, named())

    [(action, subject, detail)] = await census.rows(
        "SELECT action, subject, detail::text FROM audit WHERE action = 'census-answered'"
    )
    assert (action, subject) == ("census-answered", opened)
    assert census.college in detail
    assert "martel" not in detail.lower()
