"""Who came to a session, half-day by half-day; and what comes before a module is followed before it."""

import asyncio
from typing import TYPE_CHECKING

import pytest

from common.identity import Role

if TYPE_CHECKING:
    from tests.service.training.papers.conftest import Intersession

NOBODY = "00000000-0000-0000-0000-000000000500"


@pytest.mark.item(130)
async def test_a_module_is_followed_when_no_half_day_is_missing(inter: "Intersession") -> None:
    await inter.followed(1, "chloe")

    followed = [body for _, body in await inter.play.told("module_followed")]
    [(_, missed)] = await inter.play.told("module_missed")
    assert {each["person"] for each in followed} == {str(inter.person(name)) for name in ("anna", "bruno")}
    assert {each["rank"] for each in followed} == {1}
    assert (missed["person"], missed["justified"]) == (str(inter.person("chloe")), False)
    assert [(await inter.play.read(each))["status"] for each in inter.candidatures.values()] == [
        "present", "present", "absent",
    ]  # fmt: skip


async def test_a_correction_has_a_reason_and_tells_only_what_changed(inter: "Intersession") -> None:
    await inter.followed(1, "chloe")

    bare = await inter.note(1)
    corrected = await inter.note(1, "bruno", reason="Feuille mal lue.", justified=True)
    same = await inter.note(1, "bruno", reason="Feuille mal lue.", justified=True)

    assert (bare.status_code, inter.play.refusal(bare)) == (422, "roll-reason-required")
    assert (corrected.json()["changed"], corrected.json()["version"]) == (2, 2)
    assert inter.play.refusal(same) == "roll-unchanged"
    assert [body["person"] for _, body in await inter.play.told("module_followed")][2:] == [str(inter.person("chloe"))]
    bruno = (await inter.play.told("module_missed"))[-1][1]
    assert (bruno["person"], bruno["justified"]) == (str(inter.person("bruno")), True)
    assert "Feuille" not in str(await inter.play.told())
    assert (await inter.play.read(inter.candidatures["bruno"]))["status"] == "absent"
    kept = await inter.play.rows("SELECT version, count(*) FROM session_presence GROUP BY 1 ORDER BY 1")
    assert kept == [(1, 12), (2, 12)]


async def test_two_people_do_not_overwrite_each_other(inter: "Intersession") -> None:
    await inter.followed(1)
    path = f"/sessions/{await inter.group(1)}/attendance"
    presence = {"candidature": NOBODY, "day": "2008-01-14", "half": "am", "present": True}
    wish = {"presences": [presence], "reason": "Erreur."}

    bare = await inter.play.ask(inter.office, "PUT", path, json=wish)
    stale = await inter.play.ask(inter.office, "PUT", path, json=wish, headers={"If-Match": '"0"'})

    assert (bare.status_code, stale.status_code) == (428, 412)


async def test_of_two_corrections_at_once_one_is_kept(inter: "Intersession") -> None:
    await inter.followed(1)

    asked = [inter.note(1, name, reason="Feuille mal lue.", version=1) for name in ("anna", "bruno")]
    answers = await asyncio.gather(*asked)

    assert sorted(each.status_code for each in answers) == [200, 412]
    assert len(await inter.play.told("module_missed")) == 1


async def test_the_office_reads_who_came_to_each_half_day(inter: "Intersession") -> None:
    await inter.convene_group(1)
    path = f"/sessions/{await inter.group(1)}/attendance"
    before = await inter.play.get(inter.office, path)
    inter.play.at(2008, 1, 15, 17)
    await inter.note(1, "bruno", justified=True)

    after = await inter.play.get(inter.office, path)
    head = await inter.play.ask(inter.play.head("0590003H"), "GET", path)
    elsewhere = await inter.play.ask(inter.play.office("20"), "GET", path)

    assert (before["version"], {each["followed"] for each in before["convened"]}) == (0, {None})
    assert {each["name"].strip(): each["followed"] for each in after["convened"]} == {
        "anna": True, "bruno": False, "chloe": True,
    }  # fmt: skip
    [bruno] = [each for each in after["convened"] if each["person"] == str(inter.person("bruno"))]
    assert [(each["day"], each["half_label"]) for each in bruno["presences"]] == [
        ("2008-01-14", "matin"), ("2008-01-14", "après-midi"), ("2008-01-15", "matin"), ("2008-01-15", "après-midi"),
    ]  # fmt: skip
    assert {(each["present"], each["justified"]) for each in bruno["presences"]} == {(False, True)}
    assert (head.status_code, elsewhere.status_code) == (403, 404)


async def test_a_roll_that_does_not_fit_is_refused_line_by_line(inter: "Intersession") -> None:
    await inter.convene_group(1)
    inter.play.at(2008, 1, 15)
    path = f"/sessions/{await inter.group(1)}/attendance"
    morning = {"candidature": inter.candidatures["anna"], "day": "2008-01-14", "half": "am", "present": True}
    presences = [
        {**morning, "candidature": NOBODY},
        {**morning, "day": "2008-01-16"},
        {**morning, "justified": True},
    ]

    refused = await inter.play.ask(
        inter.office, "PUT", path, json={"presences": presences}, headers={"If-Match": '"0"'}
    )

    assert (refused.status_code, inter.play.refusal(refused)) == (422, "roll-incoherent")
    codes = [each["code"] for each in refused.json()["errors"]]
    assert codes[:3] == ["not-convened", "not-of-the-session", "justified"]
    assert set(codes[3:]) == {"presence-missing"}
    assert await inter.play.rows("SELECT * FROM session_roll") == []


async def test_nothing_is_noted_before_the_session_or_of_nobody(inter: "Intersession") -> None:
    path, headers = f"/sessions/{await inter.group(1)}/attendance", {"If-Match": '"0"'}
    wish = {"presences": [{"candidature": NOBODY, "day": "2008-01-14", "half": "am", "present": True}]}

    early = await inter.play.ask(inter.office, "PUT", path, json=wish, headers=headers)
    inter.play.at(2008, 1, 15)
    nobody = await inter.play.ask(inter.office, "PUT", path, json=wish, headers=headers)
    unknown = await inter.play.ask(inter.office, "PUT", f"/sessions/{NOBODY}/attendance", json=wish, headers=headers)
    animateur = await inter.play.ask(
        inter.play.agent(Role.ANIMATEUR_BASSIN, bassin="09104"), "PUT", path, json=wish, headers=headers
    )

    assert (inter.play.refusal(early), inter.play.refusal(nobody)) == ("session-not-begun", "nobody-convened")
    assert (inter.play.refusal(unknown), inter.play.refusal(animateur)) == ("unknown-session", "bassin-never-decides")


@pytest.mark.item(137)
async def test_the_second_module_requires_the_first_and_the_meeting(inter: "Intersession") -> None:
    await inter.followed(1, "chloe")
    await inter.plan()
    inter.play.at(2008, 2, 6)

    before = await inter.convene_group(2)
    await inter.hold("bruno")
    after = await inter.convene_group(2)

    reasons = {each["person"]: each["reason"] for each in before["withheld"]}
    assert before["issued"] == []
    assert reasons == {
        str(inter.person("anna")): "meeting-not-attended",
        str(inter.person("bruno")): "meeting-not-attended",
        str(inter.person("chloe")): "module-not-followed",
    }
    assert [each["person"] for each in after["issued"]] == [str(inter.person("anna"))]
    assert len(after["withheld"]) == 2


async def test_a_corrected_meeting_counts_as_corrected(inter: "Intersession") -> None:
    await inter.followed(1)
    await inter.plan()
    inter.play.at(2008, 2, 6)
    await inter.hold("anna", "bruno")

    await inter.hold("bruno")

    convened = await inter.convene_group(2)
    assert {each["person"] for each in convened["issued"]} == {str(inter.person(name)) for name in ("anna", "chloe")}
