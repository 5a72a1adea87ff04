"""The chef d'établissement gives his avis once; two reminders, then silence is a state that the office decides upon."""

import asyncio
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.service.training.conftest import Training

COLLEGE, LYCEE, COLLEGE_ROUBAIX = "0590001F", "0590002G", "0590003H"


@pytest.mark.item(126)
@pytest.mark.item(127)
@pytest.mark.item(128)
@pytest.mark.item(129)
async def test_the_avis_rates_and_comments_three_criteria(play: "Training") -> None:
    await play.identify(COLLEGE, "anna")
    candidature = await play.applied(await play.publish(), "anna")
    none = await play.ask(play.office(), "GET", f"/candidatures/{candidature}/avis")
    assert (none.status_code, play.refusal(none)) == (404, "unknown-avis")

    wish = play.avis(animation={"rating": "very-satisfactory", "comment": "Anime déjà le réseau."})
    given = (await play.give(candidature, COLLEGE, wish)).json()

    seen = await play.get(play.office(), f"/candidatures/{candidature}/avis")
    assert (seen["id"], seen["value_label"], given["legal_note"]) == (given["id"], "avis favorable", None)
    assert [(c["criterion_label"], c["rating_label"], c["comment"]) for c in seen["criteria"]] == [
        ("compétences professionnelles", "satisfaisant", "Rien à signaler."),
        ("capacités à animer et organiser des échanges", "très satisfaisant", "Anime déjà le réseau."),
        ("compatibilité de cet engagement avec les nécessités du service", "satisfaisant", "Rien à signaler."),
    ]
    [(_, told)] = await play.told("avis_given")
    assert set(told) == {"subject", "offer", "person", "avis", "value"}
    assert (told["avis"], told["value"]) == (given["id"], "favorable")


async def test_an_avis_once_sent_is_immutable(play: "Training") -> None:
    await play.identify(COLLEGE, "anna")
    candidature = await play.applied(await play.publish(), "anna")
    await play.give(candidature, COLLEGE)

    again = await play.give(candidature, COLLEGE, play.avis("defavorable", "Finalement non."))

    assert (again.status_code, play.refusal(again)) == (409, "avis-already-given")
    assert (await play.read(candidature))["avis_value"] == "favorable"
    grants = "SELECT privilege_type FROM information_schema.role_table_grants WHERE table_name = 'avis'"
    app = f"{grants} AND grantee LIKE '%app' ORDER BY 1"
    assert await play.rows(app) == [("INSERT",), ("SELECT",)]


@pytest.mark.parametrize("value", ["reserve", "defavorable"])
async def test_an_avis_that_is_not_favourable_has_reasons(play: "Training", value: str) -> None:
    await play.identify(COLLEGE, "anna")
    candidature = await play.applied(await play.publish(), "anna")

    bare = await play.give(candidature, COLLEGE, play.avis(value))
    blank = await play.give(candidature, COLLEGE, play.avis(value, "  "))

    assert (bare.status_code, play.refusal(bare)) == (422, "avis-reasons-required")
    assert bare.json()["errors"][0]["pointer"] == "/reasons"
    assert blank.status_code == 422
    assert (await play.give(candidature, COLLEGE, play.avis(value, "Le service est en tension."))).status_code == 200


async def test_only_the_head_of_that_school_gives_it(play: "Training") -> None:
    await play.identify(COLLEGE, "anna")
    candidature = await play.applied(await play.publish(), "anna")

    other = await play.give(candidature, LYCEE)
    elsewhere = await play.give(candidature, "0800001S")
    office = await play.ask(play.office(), "PUT", f"/candidatures/{candidature}/avis", json=play.avis())

    assert (other.status_code, play.refusal(other)) == (403, "avis-of-another-school")
    assert (elsewhere.status_code, office.status_code) == (404, 403)


async def test_many_at_once_are_judged_each_on_its_own(play: "Training") -> None:
    await play.identify(COLLEGE, "anna", "bruno")
    await play.identify(COLLEGE_ROUBAIX, "chloe")
    published = await play.publish()
    anna, bruno, chloe = [await play.applied(published, name) for name in ("anna", "bruno", "chloe")]
    many = [
        {"candidature": anna, **play.avis()},
        {"candidature": bruno, **play.avis("defavorable")},
        {"candidature": chloe, **play.avis()},
        {"candidature": anna, **play.avis()},
        {"candidature": published, **play.avis()},
    ]

    waiting = await play.get(play.head(COLLEGE), f"/schools/{COLLEGE}/candidatures")
    outcomes = await play.done(play.head(COLLEGE), "POST", "/avis", json={"avis": many})

    assert {each["id"] for each in waiting} == {anna, bruno}
    assert [each["candidature"] for each in outcomes] == [anna, bruno, chloe, anna, published]
    assert outcomes[0]["given"]["value"] == "favorable"
    assert [each["type"] for each in outcomes[1:]] == [
        f"/problems/{code}"
        for code in ("avis-reasons-required", "avis-of-another-school", "avis-already-given", "unknown-candidature")
    ]
    assert [(await play.read(each))["status"] for each in (anna, bruno, chloe)] == [
        "avis_given", "submitted", "submitted",
    ]  # fmt: skip


async def test_a_second_refusal_in_a_row_raises_the_legal_note(play: "Training") -> None:
    await play.identify(COLLEGE, "anna")
    first = await play.applied(await play.publish(), "anna", 0, 0)
    second = await play.applied(await play.publish(title="Conduire un projet"), "anna", 1, 1)
    refused = play.avis("defavorable", "Le secrétariat est seul.")

    once = (await play.give(first, COLLEGE, refused)).json()
    play.at(2007, 11, 21)
    twice = (await play.give(second, COLLEGE, refused)).json()

    assert once["legal_note"] is None
    assert "2007-1470" in twice["legal_note"]
    assert (await play.read(first))["legal_note"] is None
    assert "2007-1470" in (await play.read(second))["legal_note"]


async def test_two_refusals_sent_together_are_in_a_row_too(play: "Training") -> None:
    await play.identify(COLLEGE, "anna")
    first = await play.applied(await play.publish(), "anna", 0, 0)
    second = await play.applied(await play.publish(title="Conduire un projet"), "anna", 1, 1)
    refused = play.avis("defavorable", "Le secrétariat est seul.")
    many = {"avis": [{"candidature": each, **refused} for each in (second, first)]}

    outcomes = await play.done(play.head(COLLEGE), "POST", "/avis", json=many)

    assert outcomes[0]["given"]["legal_note"] is None
    assert "2007-1470" in outcomes[1]["given"]["legal_note"]
    assert "2007-1470" in (await play.read(first))["legal_note"]


async def test_two_refusals_given_at_once_are_in_a_row_too(play: "Training") -> None:
    await play.identify(COLLEGE, "anna")
    first = await play.applied(await play.publish(), "anna", 0, 0)
    second = await play.applied(await play.publish(title="Conduire un projet"), "anna", 1, 1)
    refused = play.avis("defavorable", "Le secrétariat est seul.")

    answers = await asyncio.gather(*(play.give(each, COLLEGE, refused) for each in (first, second)))

    assert [answer.status_code for answer in answers] == [200, 200]
    assert sorted(answer.json()["legal_note"] is None for answer in answers) == [False, True]


async def test_two_reminders_and_never_twice(play: "Training") -> None:
    await play.identify(COLLEGE, "anna", "bruno")
    published = await play.publish()
    anna, bruno = [await play.applied(published, name) for name in ("anna", "bruno")]
    await play.served.run_job("ask_for_avis")
    await play.give(bruno, COLLEGE)

    for day in range(5, 16):
        play.at(2007, 12, day)
        await play.served.run_job("recall_avis")
        await play.served.run_job("recall_avis")

    recalled = await play.rows(
        "SELECT candidature::text, days_before, sent_on::text FROM avis_reminder ORDER BY sent_on"
    )
    assert recalled == [(anna, 7, "2007-12-07"), (anna, 2, "2007-12-12")]
    assert await play.rows("SELECT count(*) FROM mail WHERE kind = 'avis-reminder'") == [(2,)]


@pytest.mark.parametrize(("minute", "recalled"), [((22, 59), 0), ((23, 0), 1)])
async def test_a_reminder_leaves_on_the_local_day_of_its_step(
    play: "Training", minute: tuple[int, int], recalled: int
) -> None:
    await play.identify(COLLEGE, "anna")
    await play.applied(await play.publish(), "anna")
    await play.served.run_job("ask_for_avis")

    play.at(2007, 12, 6, *minute)  # around the midnight in Paris that begins the seventh of December
    await play.served.run_job("recall_avis")

    assert await play.rows("SELECT count(*) FROM avis_reminder") == [(recalled,)]


async def test_a_step_slept_through_is_not_sent_beside_the_next(play: "Training") -> None:
    await play.identify(COLLEGE, "anna")
    await play.applied(await play.publish(), "anna")
    await play.served.run_job("ask_for_avis")

    for day in (13, 14, 15):  # the service was away from the sixth to the twelfth
        play.at(2007, 12, day)
        await play.served.run_job("recall_avis")

    assert await play.rows("SELECT days_before, sent_on::text FROM avis_reminder") == [(2, "2007-12-13")]


async def test_silence_lapses_at_local_midnight_and_is_decided_by_the_office(play: "Training") -> None:
    await play.identify(COLLEGE, "anna", "bruno")
    published = await play.publish()
    anna, bruno = [await play.applied(published, name) for name in ("anna", "bruno")]
    play.at(2007, 12, 14, 22, 59)
    await play.served.run_job("let_avis_lapse")
    assert (await play.read(anna))["status"] == "submitted"

    play.at(2007, 12, 14, 23)
    assert play.refusal(await play.give(anna, COLLEGE)) == "avis-deadline-passed"
    await play.served.run_job("let_avis_lapse")
    await play.served.run_job("let_avis_lapse")

    assert (await play.read(anna))["status_label"] == "sans avis à l’échéance"
    assert len(await play.told("avis_lapsed")) == 2
    assert play.refusal(await play.select(published, "09101")) == "lapse-undecided"
    wish = {"go_on": True, "reason": "Le chef est en congé."}
    path = f"/candidatures/{anna}/avis-lapse"
    assert (await play.ask(play.head(COLLEGE), "POST", path, json=wish)).status_code == 403
    assert (await play.done(play.office(), "POST", path, json=wish))["status"] == "avis_lapsed"
    assert play.refusal(await play.ask(play.office(), "POST", path, json=wish)) == "lapse-already-decided"
    ended = await play.done(
        play.office(), "POST", f"/candidatures/{bruno}/avis-lapse", json={"go_on": False, "reason": "Sans nouvelles."}
    )
    assert ended["status"] == "not_retained"
    assert (await play.selected(published, "09101"))["retained"] == [anna]
