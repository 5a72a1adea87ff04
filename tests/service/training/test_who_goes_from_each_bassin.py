"""The selection of each bassin: proposed by rule, decided once by people, within the quota, with a waiting list."""

import asyncio
from typing import TYPE_CHECKING

import pytest

from common.identity import Role

if TYPE_CHECKING:
    from tests.service.training.conftest import Training

COLLEGE, LYCEE, COLLEGE_ROUBAIX = "0590001F", "0590002G", "0590003H"
LILLE_CENTRE, ROUBAIX = "09101", "09104"
CAEN = ("anna", "bruno", "chloe", "david", "emma", "farid", "gael")  # seven candidates for four to six places
OTHERS = {f"091{number:02}": f"05901{number:02}" for number in range(2, 11)}  # nine bassins, and a school in each


def schools() -> dict[str, str]:
    """Nine bassins at 2-3, each with a school whose number is right."""
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
    digits = {bassin: f"{start}" for bassin, start in OTHERS.items()}
    return {bassin: f"{number}{letters[int(number) % 23]}" for bassin, number in digits.items()}


@pytest.mark.item(123)
@pytest.mark.item(124)
async def test_story_1_nine_bassins_at_two_to_three_and_one_at_four_to_six(play: "Training") -> None:
    await play.identify(COLLEGE, *CAEN)
    for bassin, uai in schools().items():
        await play.hear_school(uai, bassin)
        await play.identify(uai, f"{bassin}a", f"{bassin}b", f"{bassin}c")
    published = await play.publish()
    caen = await play.supported(published, COLLEGE, *CAEN)
    for bassin, uai in schools().items():
        sent = 1 if bassin == "09110" else 3
        await play.supported(published, uai, *(f"{bassin}{letter}" for letter in "abc"[:sent]))
    play.at(2007, 12, 5)

    decided = [await play.selected(published, bassin) for bassin in (LILLE_CENTRE, *schools())]

    assert (decided[0]["retained"], decided[0]["waiting"]) == (caen[:6], caen[6:])
    assert (await play.read(caen[6]))["status_label"] == "en liste d’attente"
    assert [(len(each["retained"]), each["warning"]) for each in decided[1:]] == [(3, None)] * 8 + [(1, "sous quota")]
    shown = {each["bassin"]: each for each in await play.get(play.office(), f"/offers/{published}/bassins")}
    assert (shown[LILLE_CENTRE]["minimum"], shown[LILLE_CENTRE]["maximum"], shown[LILLE_CENTRE]["going"]) == (4, 6, 6)
    assert (shown["09110"]["going"], shown["09110"]["warning"]) == (1, "sous quota")
    assert (await play.get(play.office(), f"/offers/{published}/bassins/09110/selection"))["warning"] == "sous quota"
    animateur = play.agent(Role.ANIMATEUR_BASSIN, bassin="09110")
    assert [b["warning"] for b in await play.get(animateur, f"/offers/{published}/bassins")] == ["sous quota"]
    assert len(await play.told("candidature_retained")) == 6 + 8 * 3 + 1
    assert [body["rank"] for _, body in await play.told("candidature_waitlisted")] == [1]


async def test_the_proposal_orders_by_rule_and_says_why(play: "Training") -> None:
    names = ("anna", "bruno", "chloe", "david", "emma")
    await play.identify(COLLEGE_ROUBAIX, *names)
    published = await play.publish()
    anna, bruno, chloe, david, emma = [await play.applied(published, name) for name in names]
    refused, reserved = play.avis("defavorable", "Non."), play.avis("reserve", "Peut-être.")
    for candidature, wish in ((anna, reserved), (bruno, play.avis()), (chloe, refused), (david, play.avis())):
        await play.give(candidature, COLLEGE_ROUBAIX, wish)
    play.at(2007, 12, 15)
    await play.served.run_job("let_avis_lapse")
    wish = {"go_on": True, "reason": "Chef en congé."}
    await play.done(play.office(), "POST", f"/candidatures/{emma}/avis-lapse", json=wish)

    seen = await play.get(play.office(), f"/offers/{published}/bassins/{ROUBAIX}/selection")

    assert [(line["candidature"], line["proposed"]) for line in seen["lines"]] == [
        (bruno, "retained"), (david, "retained"), (anna, "retained"), (emma, "waitlisted"), (chloe, "not_retained"),
    ]  # fmt: skip
    assert [line["explanation"] for line in seen["lines"]][1:] == [
        "Place 2 : avis favorable, déposée le 20/11/2007 à 10:00.",
        "Place 3 : avis réservé, déposée le 20/11/2007 à 10:00.",
        "Place 4 : sans avis à l’échéance, poursuivie par décision du service de formation, déposée le 20/11/2007 "
        "à 10:00.",
        "Non proposée : avis défavorable.",
    ]
    decided = await play.selected(published, ROUBAIX)
    assert (decided["retained"], decided["waiting"]) == ([bruno, david, anna], [emma])
    assert decided["not_retained"] == [chloe]


async def test_a_change_by_hand_has_a_reason_which_the_audit_keeps(play: "Training") -> None:
    await play.identify(COLLEGE_ROUBAIX, "anna", "bruno", "chloe", "david")
    published = await play.publish()
    anna, bruno, chloe, david = await play.supported(published, COLLEGE_ROUBAIX, "anna", "bruno", "chloe", "david")
    play.at(2007, 12, 5)

    bare = await play.select(published, ROUBAIX, retained=[david, anna])
    decided = await play.selected(published, ROUBAIX, retained=[david, anna], reason="Un animateur par site.")

    assert (bare.status_code, play.refusal(bare)) == (422, "selection-reason-required")
    assert (decided["retained"], decided["waiting"], decided["by_hand"]) == ([anna, david], [bruno, chloe], True)
    reasons = "SELECT r.reason FROM audit_reason r JOIN audit a ON a.id = r.audit WHERE a.action = 'selection-decided'"
    assert await play.rows(reasons) == [("Un animateur par site.",)]


async def test_over_the_maximum_is_refused_with_the_quota_named(play: "Training") -> None:
    names = ("anna", "bruno", "chloe", "david")
    await play.identify(COLLEGE_ROUBAIX, *names)
    published = await play.publish()
    all_four = await play.supported(published, COLLEGE_ROUBAIX, *names)
    play.at(2007, 12, 5)

    answer = await play.select(published, ROUBAIX, retained=all_four, reason="Tous méritants.")

    assert (answer.status_code, play.refusal(answer)) == (409, "over-quota")
    assert answer.json()["detail"] == "Le bassin 09104 envoie de 2 à 3 personnes : 4 seraient retenues."
    assert await play.told("candidature_retained") == []


async def test_a_selection_waits_for_the_end_of_the_window_and_for_each_avis(play: "Training") -> None:
    await play.identify(COLLEGE_ROUBAIX, "anna")
    published = await play.publish()
    await play.applied(published, "anna")

    early = await play.select(published, ROUBAIX)
    play.at(2007, 12, 5)
    pending = await play.select(published, ROUBAIX)
    nobody = await play.select(published, LILLE_CENTRE)

    codes = [play.refusal(answer) for answer in (early, pending, nobody)]
    assert codes == ["applications-still-open", "avis-pending", "nothing-to-select"]


async def test_a_selection_is_decided_once_even_by_two_at_once(play: "Training") -> None:
    await play.identify(COLLEGE_ROUBAIX, "anna", "bruno")
    published = await play.publish()
    await play.supported(published, COLLEGE_ROUBAIX, "anna", "bruno")
    play.at(2007, 12, 5)

    answers = await asyncio.gather(play.select(published, ROUBAIX), play.select(published, ROUBAIX))
    again = await play.select(published, ROUBAIX)

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert play.refusal(again) == "selection-already-decided"
    assert len(await play.told("candidature_retained")) == 2


async def test_candidatures_of_elsewhere_cannot_be_retained(play: "Training") -> None:
    await play.identify(COLLEGE_ROUBAIX, "anna")
    await play.identify(COLLEGE, "bruno")
    published = await play.publish()
    await play.supported(published, COLLEGE_ROUBAIX, "anna")
    [bruno] = await play.supported(published, COLLEGE, "bruno")
    play.at(2007, 12, 5)

    answer = await play.select(published, ROUBAIX, retained=[bruno], reason="Par erreur.")

    assert (answer.status_code, play.refusal(answer)) == (422, "not-selectable")


@pytest.mark.item(16)
async def test_a_bassin_neither_reads_the_people_nor_decides(play: "Training") -> None:
    published = await play.publish()
    animateur = play.agent(Role.ANIMATEUR_BASSIN, bassin=ROUBAIX)

    read = await play.ask(animateur, "GET", f"/offers/{published}/bassins/{ROUBAIX}/selection")
    decided = await play.ask(animateur, "POST", f"/offers/{published}/bassins/{ROUBAIX}/selection", json={})

    assert read.status_code == 403
    assert play.refusal(decided) == "bassin-never-decides"


async def test_a_group_takes_no_more_of_those_who_go_than_it_has_places(play: "Training") -> None:
    await play.identify(COLLEGE_ROUBAIX, "anna", "bruno", "chloe")
    wish = play.offer()
    wish["modules"][0]["groups"][0]["capacity"] = 2
    published = await play.publish(modules=wish["modules"])
    *_, chloe = await play.supported(published, COLLEGE_ROUBAIX, "anna", "bruno", "chloe")
    play.at(2007, 12, 5)

    crowded = await play.select(published, ROUBAIX)
    await play.done(
        play.login("chloe"), "PUT", f"/candidatures/{chloe}/groups", json={"groups": await play.groups(published, 1, 0)}
    )
    await play.selected(published, ROUBAIX)
    back = await play.ask(
        play.login("chloe"), "PUT", f"/candidatures/{chloe}/groups", json={"groups": await play.groups(published, 0, 0)}
    )

    assert (crowded.status_code, play.refusal(crowded)) == (409, "group-full")
    assert play.refusal(back) == "group-full"
    seen = await play.get(play.office(), f"/offers/{published}")
    assert [(g["capacity"], g["taken"]) for g in seen["modules"][0]["groups"]] == [(2, 2), (40, 1)]


async def test_two_bassins_at_once_do_not_overfill_a_group(play: "Training") -> None:
    await play.identify(COLLEGE, "anna", "bruno")
    await play.identify(COLLEGE_ROUBAIX, "chloe", "david")
    wish = play.offer()
    wish["modules"][0]["groups"][0]["capacity"] = 3
    published = await play.publish(modules=wish["modules"])
    await play.supported(published, COLLEGE, "anna", "bruno")
    await play.supported(published, COLLEGE_ROUBAIX, "chloe", "david")
    play.at(2007, 12, 5)

    answers = await asyncio.gather(play.select(published, LILLE_CENTRE), play.select(published, ROUBAIX))

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert await play.rows("SELECT count(*) FROM candidature WHERE status = 'retained'") == [(2,)]


async def test_a_selection_asked_twice_with_one_key_is_decided_once(play: "Training") -> None:
    await play.identify(COLLEGE_ROUBAIX, "anna")
    published = await play.publish()
    await play.supported(published, COLLEGE_ROUBAIX, "anna")
    play.at(2007, 12, 5)
    path, twin = f"/offers/{published}/bassins/{ROUBAIX}/selection", {"Idempotency-Key": "double-click"}

    first, second = [await play.ask(play.office(), "POST", path, json={}, headers=twin) for _ in range(2)]

    assert (first.status_code, second.status_code, second.json()) == (200, 200, first.json())
    assert len(await play.told("candidature_retained")) == 1
