"""Only people whom the census named, and who are logged in as themselves, apply: once, in time, in one group each."""

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from common.contracts.hr_networks import CensusOpened
from common.identity import Role

if TYPE_CHECKING:
    from tests.service.training.conftest import Training

COLLEGE, LYCEE, COLLEGE_ROUBAIX, NOWHERE = "0590001F", "0590002G", "0590003H", "0590006L"


@pytest.mark.item(126)
async def test_somebody_named_by_his_school_applies_and_his_school_is_asked(play: "Training") -> None:
    await play.identify(COLLEGE, "anna")
    published = await play.publish()

    candidature = await play.applied(published, "anna", 0, 1)

    seen = await play.read(candidature)
    assert (seen["status"], seen["uai"], seen["name_of_bassin"]) == ("submitted", COLLEGE, "LILLE CENTRE")
    assert seen["groups"] == await play.groups(published, 0, 1)
    [(_, told)] = await play.told("candidature_submitted")
    assert told == {"subject": candidature, "offer": published, "person": str(play.person("anna")), "uai": COLLEGE,
                    "bassin": "09101"}  # fmt: skip
    await play.served.run_job("ask_for_avis")
    await play.served.run_job("ask_for_avis")
    [(to, body)] = await play.rows("SELECT recipient, body FROM mail")
    assert to == "ce.0590001f@ac-test.example"
    assert f"/v1/training/candidatures/{candidature}/avis" in body


async def test_a_school_without_address_is_asked_once_it_has_one(play: "Training") -> None:
    await play.hear_school(NOWHERE, "09101", mail="")
    await play.identify(NOWHERE, "anna")
    await play.applied(await play.publish(), "anna")
    await play.served.run_job("ask_for_avis")
    assert await play.rows("SELECT recipient FROM mail") == []

    await play.hear_school(NOWHERE, "09101")
    await play.served.run_job("ask_for_avis")
    assert await play.rows("SELECT recipient FROM mail") == [("ce.0590006l@ac-test.example",)]


@pytest.mark.item(122)
async def test_only_somebody_identified_and_linked_applies(play: "Training") -> None:
    published = await play.publish()
    await play.identify(COLLEGE, "bruno", link=False)

    assert play.refusal(await play.apply(published, "bruno")) == "not-linked"

    await play.link("chloe")
    answer = await play.apply(published, "chloe")
    assert (answer.status_code, play.refusal(answer)) == (409, "not-identified")
    assert await play.told("candidature_submitted") == []


async def test_an_offer_for_another_function_is_not_for_him(play: "Training") -> None:
    await play.identify(COLLEGE, "anna")

    assert play.refusal(await play.apply(await play.publish(function="gestion"), "anna")) == "not-identified"


async def test_whom_only_an_earlier_census_named_is_not_identified(play: "Training") -> None:
    later = UUID(int=0x30)
    await play.identify(COLLEGE, "anna", "bruno")
    published = await play.publish()
    await play.served.hear(
        CensusOpened(subject=later, object="nouveau", function="Secrétariat de direction", deadline=date(2007, 12, 1))
    )

    assert play.refusal(await play.apply(published, "anna")) == "not-identified"
    play.named.clear()
    await play.identify(COLLEGE, "anna", census=later)
    await play.applied(published, "anna")
    assert play.refusal(await play.apply(published, "bruno")) == "not-identified"


async def test_a_closed_school_sends_nobody(play: "Training") -> None:
    await play.identify(COLLEGE, "anna")
    published = await play.publish()
    await play.hear_school(COLLEGE, "09101", closed_on=date(2007, 11, 20))

    assert play.refusal(await play.apply(published, "anna")) == "not-identified"


async def test_an_erased_person_is_nobodys_login(play: "Training") -> None:
    await play.identify(COLLEGE, "anna")
    published = await play.publish()
    await play.erase("anna")

    assert play.refusal(await play.apply(published, "anna")) == "not-linked"


async def test_one_applies_within_the_window_by_local_dates(play: "Training") -> None:
    await play.identify(COLLEGE, "anna", "bruno")
    published = await play.publish(opens_on="2007-11-21")

    assert play.refusal(await play.apply(published, "anna")) == "applications-not-open"
    play.at(2007, 11, 20, 23)  # midnight in Paris
    await play.applied(published, "anna")
    play.at(2007, 12, 4, 22, 59)
    draft = await play.apply(published, "bruno", submit=False)
    play.at(2007, 12, 4, 23)
    late = await play.ask(play.login("bruno"), "POST", f"/candidatures/{draft.json()['id']}/submission")
    assert play.refusal(late) == "applications-not-open"


async def test_one_candidature_per_person_and_offer(play: "Training") -> None:
    await play.identify(COLLEGE, "anna")
    published = await play.publish()
    await play.applied(published, "anna")

    answer = await play.apply(published, "anna")

    assert (answer.status_code, play.refusal(answer)) == (409, "already-applied")


async def test_a_draft_is_completed_and_then_submitted(play: "Training") -> None:
    await play.identify(COLLEGE, "anna")
    published = await play.publish()
    anna, first, second = play.login("anna"), *(await play.groups(published))
    drafted = await play.done(anna, "POST", f"/offers/{published}/candidatures", json={"groups": [first]})
    path = f"/candidatures/{drafted['id']}"

    early = await play.ask(anna, "POST", f"{path}/submission")
    await play.done(anna, "PUT", f"{path}/groups", json={"groups": [first, second]})
    submitted = await play.done(anna, "POST", f"{path}/submission")

    assert play.refusal(early) == "group-missing"
    assert submitted["status"] == "submitted"
    assert [each["id"] for each in await play.get(anna, "/me/candidatures")] == [drafted["id"]]
    assert play.refusal(await play.ask(anna, "POST", f"{path}/submission")) == "wrong-candidature-state"


async def test_a_draft_is_seen_by_nobody_but_its_author(play: "Training") -> None:
    await play.identify(COLLEGE, "anna", "bruno")
    published = await play.publish()
    drafted = (await play.apply(published, "anna", submit=False)).json()["id"]
    path = f"/candidatures/{drafted}"

    others = [play.office(), play.head(COLLEGE), play.login("bruno")]
    answers = [await play.ask(other, "GET", path) for other in others]
    answers.append(await play.give(drafted, COLLEGE))

    assert [play.refusal(answer) for answer in answers] == ["unknown-candidature"] * 4
    assert (await play.get(play.login("anna"), path))["status"] == "draft"
    assert (await play.get(play.office(), f"/offers/{published}/candidatures"))["items"] == []
    assert await play.get(play.head(COLLEGE), f"/schools/{COLLEGE}/candidatures?waiting=false") == []


@pytest.mark.item(130)
async def test_one_is_in_exactly_one_group_of_a_module(play: "Training") -> None:
    await play.identify(COLLEGE, "anna")
    published = await play.publish()
    groups = [*(await play.groups(published, 0, 0)), *(await play.groups(published, 1, 0))]

    answer = await play.ask(
        play.login("anna"), "POST", f"/offers/{published}/candidatures", json={"groups": groups, "submit": True}
    )

    assert (answer.status_code, play.refusal(answer)) == (409, "two-groups-of-a-module")


async def test_a_group_on_a_day_already_taken_is_refused(play: "Training") -> None:
    await play.identify(COLLEGE, "anna")
    first, second = await play.publish(), await play.publish(title="Conduire un projet")
    candidature = await play.applied(first, "anna", 0, 0)

    clash = await play.apply(second, "anna", 1, 0)

    assert play.refusal(clash) == "groups-clash"
    assert "07/04/2008 (matin)" in clash.json()["detail"]
    await play.applied(second, "anna", 1, 1)
    moved = await play.ask(
        play.login("anna"),
        "PUT",
        f"/candidatures/{candidature}/groups",
        json={"groups": await play.groups(first, 1, 0)},
    )
    assert play.refusal(moved) == "groups-clash"


async def test_somebody_named_by_two_schools_says_for_which_he_applies(play: "Training") -> None:
    await play.identify(COLLEGE, "anna")
    await play.identify(COLLEGE_ROUBAIX, "anna")
    published = await play.publish()
    wish = {"groups": await play.groups(published), "submit": True}

    asked = await play.apply(published, "anna")
    path = f"/offers/{published}/candidatures"
    made = await play.done(play.login("anna"), "POST", path, json={**wish, "uai": COLLEGE_ROUBAIX})

    assert play.refusal(asked) == "school-to-choose"
    assert (made["uai"], made["bassin"]) == (COLLEGE_ROUBAIX, "09104")


async def test_a_school_of_no_bassin_sends_nobody(play: "Training") -> None:
    await play.identify(NOWHERE, "anna")

    assert play.refusal(await play.apply(await play.publish(), "anna")) == "school-without-bassin"


async def test_nobody_acts_in_the_name_of_another(play: "Training") -> None:
    await play.identify(COLLEGE, "anna", "bruno")
    published = await play.publish()
    candidature = await play.applied(published, "anna")
    path = f"/candidatures/{candidature}"
    groups = {"groups": await play.groups(published, 1, 1)}

    answers = [
        await play.ask(play.login("bruno"), "PUT", f"{path}/groups", json=groups),
        await play.ask(play.office(), "POST", f"{path}/withdrawal", json={}),
        await play.ask(play.login("bruno"), "POST", f"{path}/acceptance"),
        await play.ask(play.login("bruno"), "GET", path),
        await play.ask(play.head(LYCEE), "GET", path),
    ]

    assert [answer.status_code for answer in answers] == [403] * 5
    assert (await play.ask(play.office("20"), "GET", path)).status_code == 404
    assert (await play.ask(play.head(COLLEGE), "GET", path)).status_code == 200


async def test_the_office_lists_and_filters(play: "Training") -> None:
    await play.identify(COLLEGE, "anna", "bruno")
    await play.identify(COLLEGE_ROUBAIX, "chloe")
    published = await play.publish()
    anna, _, chloe = [await play.applied(published, name) for name in ("anna", "bruno", "chloe")]
    await play.give(anna, COLLEGE, play.avis("reserve", "Le secrétariat est seul."))

    async def listed(query: str) -> list[str]:
        return [
            each["id"] for each in (await play.get(play.office(), f"/offers/{published}/candidatures{query}"))["items"]
        ]

    assert len(await listed("")) == 3
    assert await listed("?bassin=09104") == [chloe]
    assert await listed("?avis=reserve") == [anna]
    assert len(await listed("?status=submitted")) == 2
    figures = await play.get(play.office(), f"/offers/{published}/bassins")
    assert [(b["bassin"], b["candidatures"], b["by_status"], b["by_avis"]) for b in figures] == [
        ("09101", 2, {"avis_given": 1, "submitted": 1}, {"reserve": 1}), ("09104", 1, {"submitted": 1}, {}),
    ]  # fmt: skip
    mine = await play.get(play.agent(Role.ANIMATEUR_BASSIN, bassin="09104"), f"/offers/{published}/bassins")
    assert [b["bassin"] for b in mine] == ["09104"]
