"""Each chef d'établissement lets his own secretaries go, or not, in one call; silence is neither yes nor no."""

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from common.identity import Role

if TYPE_CHECKING:
    from tests.service.training.papers.conftest import Intersession

COLLEGE, LYCEE, ROUBAIX = "0590003H", "0590004J", "09104"
MEETING = "00000000-0000-0000-0000-000000000500"
PATH = f"/meetings/{MEETING}/autorisations"


@pytest.fixture
async def convened(inter: "Intersession") -> "Intersession":
    await inter.plan()
    await inter.convene()
    return inter


def said(inter: "Intersession", uai: str, **answers: str | None) -> dict[str, Any]:
    """Granted to whom has no reason."""
    said = [
        {"person": str(inter.person(name)), "granted": reason is None, "reason": reason}
        for name, reason in answers.items()
    ]
    return {"uai": uai, "answers": said}


async def answer(inter: "Intersession", uai: str, **answers: str | None) -> httpx.Response:
    return await inter.play.ask(inter.play.head(uai), "POST", PATH, json=said(inter, uai, **answers))


@pytest.mark.item(136)
async def test_a_head_answers_for_all_of_his_own_in_one_call(convened: "Intersession") -> None:
    given = (await answer(convened, COLLEGE, anna=None, bruno="Conseil d’administration.")).json()

    assert [each["number"] for each in given["issued"]] == ["09-AU-2008-000001", "09-AU-2008-000002"]
    [(_, granted)] = await convened.play.told("autorisation_granted")
    [(_, refused)] = await convened.play.told("autorisation_refused")
    assert (granted["person"], granted["uai"]) == (str(convened.person("anna")), COLLEGE)
    assert set(refused) == {"subject", "meeting", "person", "uai"}
    assert "Conseil" not in str(await convened.play.told())


@pytest.mark.item(136)
async def test_the_convener_sees_the_answers_and_the_silence_but_a_bassin_no_reason(convened: "Intersession") -> None:
    await answer(convened, COLLEGE, anna=None, bruno="Conseil d’administration.")

    office = await convened.play.get(convened.office, PATH)
    animateur = await convened.play.get(convened.play.agent(Role.ANIMATEUR_BASSIN, bassin=ROUBAIX), PATH)
    head = await convened.play.get(convened.play.head(LYCEE), PATH)

    assert (office["granted"], office["refused"], office["not_answered"]) == (1, 1, 3)
    assert {each["state_label"] for each in office["people"]} == {"autorisée", "refusée", "sans réponse"}
    assert [each["reason"] for each in office["people"] if each["reason"]] == ["Conseil d’administration."]
    assert [each["reason"] for each in animateur["people"]] == [None] * 5
    assert (animateur["refused"], head["not_answered"], len(head["people"])) == (1, 2, 2)


async def test_nobody_else_sees_them(convened: "Intersession") -> None:
    elsewhere = await convened.play.ask(convened.play.agent(Role.ANIMATEUR_BASSIN, bassin="09101"), "GET", PATH)
    amiens = await convened.play.ask(convened.play.office("20"), "GET", PATH)
    agent = await convened.play.ask(convened.play.login("anna"), "GET", PATH)

    assert (elsewhere.status_code, amiens.status_code, agent.status_code) == (403, 404, 403)


async def test_a_refusal_has_a_reason_and_an_autorisation_has_none(convened: "Intersession") -> None:
    persons = [str(convened.person(name)) for name in ("anna", "bruno")]
    answers = [
        {"person": persons[0], "granted": False},
        {"person": persons[1], "granted": True, "reason": "Parce que."},
    ]

    refused = await convened.play.ask(
        convened.play.head(COLLEGE), "POST", PATH, json={"uai": COLLEGE, "answers": answers}
    )

    assert (refused.status_code, convened.play.refusal(refused)) == (422, "autorisation-reason-required")
    assert [each["pointer"] for each in refused.json()["errors"]] == ["/answers/0/reason", "/answers/1/reason"]
    assert await convened.play.rows("SELECT 1 FROM paper WHERE kind = 'AU'") == []


async def test_a_head_answers_for_nobody_else(convened: "Intersession") -> None:
    stranger = await answer(convened, COLLEGE, david=None)
    another = await convened.play.ask(convened.play.head(LYCEE), "POST", PATH, json=said(convened, COLLEGE, anna=None))
    office = await convened.play.ask(convened.office, "POST", PATH, json=said(convened, COLLEGE, anna=None))

    assert (stranger.status_code, convened.play.refusal(stranger)) == (422, "not-your-secretary")
    assert (another.status_code, convened.play.refusal(another)) == (403, "not-yours")
    assert office.status_code == 403


async def test_only_for_somebody_who_is_convened(inter: "Intersession") -> None:
    await inter.plan()

    assert inter.play.refusal(await answer(inter, COLLEGE, anna=None)) == "not-your-secretary"


async def test_two_answers_for_one_person_are_refused(convened: "Intersession") -> None:
    wish = said(convened, COLLEGE, anna=None)
    twice = {**wish, "answers": wish["answers"] * 2}

    assert convened.play.refusal(
        await convened.play.ask(convened.play.head(COLLEGE), "POST", PATH, json=twice)
    ) == "answered-twice"  # fmt: skip


async def test_another_answer_replaces_the_one_before(convened: "Intersession") -> None:
    await answer(convened, COLLEGE, anna="Service en tension.")

    same = await answer(convened, COLLEGE, anna="Service en tension.")
    granted = await answer(convened, COLLEGE, anna=None)

    assert (same.status_code, convened.play.refusal(same)) == (409, "autorisation-already-given")
    assert [each["number"] for each in granted.json()["issued"]] == ["09-AU-2008-000003"]
    listed = await convened.play.get(convened.office, PATH)
    assert (listed["granted"], listed["refused"]) == (1, 0)
    states = {each["number"]: each["state"] for each in await convened.papers(kind="AU")}
    assert states == {
        "09-AU-2008-000001": "cancelled", "09-AU-2008-000002": "cancellation", "09-AU-2008-000003": "in-force",
    }  # fmt: skip
    by_office = await convened.play.ask(
        convened.office, "POST", f"/papers/{granted.json()['issued'][0]['id']}/cancellation", json={"reason": "Non."}
    )
    assert convened.play.refusal(by_office) == "paper-cancelled-otherwise"


async def test_an_answer_for_another_date_shows_and_may_be_given_anew(convened: "Intersession") -> None:
    await answer(convened, COLLEGE, anna=None)
    await convened.move()

    before = await convened.play.get(convened.office, PATH)
    renewed = await answer(convened, COLLEGE, anna=None)
    after = await convened.play.get(convened.office, PATH)

    anna = [str(convened.person("anna"))]
    assert [each["person"] for each in before["people"] if each["outdated"]] == anna
    assert renewed.status_code == 200
    assert [each for each in after["people"] if each["outdated"]] == []
    assert after["granted"] == 1


async def test_after_the_meeting_nothing_is_answered(convened: "Intersession") -> None:
    convened.play.at(2008, 2, 5, 9)

    assert convened.play.refusal(await answer(convened, COLLEGE, anna=None)) == "meeting-over"
