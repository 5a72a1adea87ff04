"""Four papers, four issuers: who signs which, and that two hands at once sign once."""

import asyncio
from typing import TYPE_CHECKING

import pytest

from common.contracts.hr_networks import PersonState

if TYPE_CHECKING:
    from tests.service.training.papers.conftest import Intersession

MEETING = "00000000-0000-0000-0000-000000000500"
NOBODY = "00000000-0000-0000-0000-000000000999"
COLLEGE, LYCEE = "0590003H", "0590004J"
OFFICE_SAYS = "Académie de Lille – service académique de la formation"


def granting(inter: "Intersession", name: str, uai: str = COLLEGE) -> dict[str, object]:
    return {"uai": uai, "answers": [{"person": str(inter.person(name)), "granted": True}]}


@pytest.mark.item(126)
@pytest.mark.item(134)
@pytest.mark.item(135)
@pytest.mark.item(136)
async def test_each_paper_is_issued_by_whom_the_letter_names(inter: "Intersession") -> None:
    """« Votre avis », « la DIFOR délivrera », « conviés par la DIFOR », « les chefs … une autorisation »."""
    await inter.plan()
    await inter.send()
    await inter.convene()
    head = inter.play.head(COLLEGE)
    await inter.post(head, f"/meetings/{MEETING}/autorisations", granting(inter, "anna"))

    papers = await inter.play.rows(
        "SELECT DISTINCT p.kind, p.issued_by, t.content ->> 'issuer' FROM paper p JOIN paper_print t ON t.paper = p.id"
        " ORDER BY 1"
    )
    avis = await inter.play.rows("SELECT DISTINCT given_by FROM avis")

    assert papers == [
        ("AU", head.id, f"Le chef d’établissement – Collège {COLLEGE}"),
        ("CV", inter.office.id, OFFICE_SAYS),
        ("OM", inter.office.id, OFFICE_SAYS),
    ]
    assert avis == [(head.id,)]


async def test_nobody_issues_or_cancels_another_ones_paper(inter: "Intersession") -> None:
    await inter.plan()
    paper, head, why = (await inter.send())["issued"][0]["id"], inter.play.head(COLLEGE), {"reason": "Non."}

    answers = {
        "head convenes": await inter.play.ask(head, "POST", f"/meetings/{MEETING}/convocations"),
        "head cancels": await inter.play.ask(head, "POST", f"/papers/{paper}/cancellation", json=why),
        "animateur cancels": await inter.play.ask(
            inter.play.login("anna"), "POST", f"/papers/{paper}/cancellation", json=why
        ),
        "amiens cancels": await inter.play.ask(
            inter.play.office("20"), "POST", f"/papers/{paper}/cancellation", json=why
        ),
        "amiens convenes": await inter.play.ask(inter.play.office("20"), "POST", f"/meetings/{MEETING}/convocations"),
    }

    assert {name: answer.status_code for name, answer in answers.items()} == {
        "head convenes": 403, "head cancels": 403, "animateur cancels": 403, "amiens cancels": 404,
        "amiens convenes": 404,
    }  # fmt: skip
    assert len(await inter.papers()) == 3


async def test_two_officers_who_cancel_at_once_cancel_once(inter: "Intersession") -> None:
    await inter.plan()
    path = f"/papers/{(await inter.send())['issued'][0]['id']}/cancellation"

    asked = [inter.play.ask(inter.office, "POST", path, json={"reason": "Arrêt maladie."}) for _ in range(2)]
    answers = await asyncio.gather(*asked)

    assert sorted(each.status_code for each in answers) == [200, 409]
    assert len(await inter.play.told("ordre_de_mission_cancelled")) == 1
    assert await inter.play.rows("SELECT last FROM paper_counter") == [(4,)]


@pytest.mark.item(136)
async def test_a_head_who_clicks_twice_answers_once(inter: "Intersession") -> None:
    await inter.plan()
    await inter.convene()
    path, wish = f"/meetings/{MEETING}/autorisations", granting(inter, "anna")

    asked = [inter.play.ask(inter.play.head(COLLEGE), "POST", path, json=wish) for _ in range(2)]
    answers = await asyncio.gather(*asked)

    assert sorted(each.status_code for each in answers) == [200, 409]
    assert len(await inter.play.told("autorisation_granted")) == 1


@pytest.mark.item(136)
async def test_each_of_two_schools_that_name_somebody_answers(inter: "Intersession") -> None:
    """And each sees its own answer alone."""
    await inter.play.identify(LYCEE, "anna")
    await inter.plan()
    await inter.convene()
    path = f"/meetings/{MEETING}/autorisations"

    await inter.post(inter.play.head(COLLEGE), path, granting(inter, "anna"))
    refusal = {"person": str(inter.person("anna")), "granted": False, "reason": "Service en tension."}
    await inter.post(inter.play.head(LYCEE), path, {"uai": LYCEE, "answers": [refusal]})

    people = (await inter.play.get(inter.office, path))["people"]
    college = (await inter.play.get(inter.play.head(COLLEGE), path))["people"]
    assert {each["uai"]: each["state"] for each in people if each["person"] == str(inter.person("anna"))} == {
        COLLEGE: "granted", LYCEE: "refused",
    }  # fmt: skip
    assert "Service en tension." not in str(college)


@pytest.mark.item(134)
async def test_nobody_is_sent_whose_candidature_does_not_go(inter: "Intersession") -> None:
    path = f"/candidatures/{inter.candidatures['anna']}/withdrawal"
    await inter.play.done(inter.play.login("anna"), "POST", path, json={"reason": "Mutation."})
    await inter.plan()

    refused = await inter.play.ask(inter.office, "POST", f"/meetings/{MEETING}/ordres-de-mission")

    assert (refused.status_code, inter.play.refusal(refused)) == (409, "animateur-not-ready")
    assert str(inter.person("anna")) in refused.json()["detail"]


@pytest.mark.item(134)
async def test_whoever_followed_the_module_that_makes_an_animateur_withdraws_no_more(inter: "Intersession") -> None:
    """So no ordre de mission outlives its candidature."""
    await inter.followed(1)

    path = f"/candidatures/{inter.candidatures['anna']}/withdrawal"
    refused = await inter.play.ask(inter.play.login("anna"), "POST", path, json={"reason": "Mutation."})

    assert (refused.status_code, inter.play.refusal(refused)) == (409, "wrong-candidature-state")


async def test_a_paper_is_told_as_soon_as_an_address_is_known(inter: "Intersession") -> None:
    def anna(mail: str) -> PersonState:
        return PersonState(subject=inter.person("anna"), civility="madame", family_name="anna", given_names="",
                           work_mail=mail, uai=COLLEGE)  # fmt: skip

    await inter.play.served.hear(anna(""))
    await inter.plan()
    await inter.send()
    mails = "SELECT count(*) FROM mail WHERE kind = 'paper'"

    await inter.play.served.run_job("tell_papers")
    before = await inter.play.rows(mails)
    await inter.play.served.hear(anna("anna@ac-test.example"))
    await inter.play.served.run_job("tell_papers")

    assert (before, await inter.play.rows(mails)) == ([(2,)], [(3,)])


async def test_what_is_not_there_is_unknown(inter: "Intersession") -> None:
    asked = {
        f"/meetings/{NOBODY}/ordres-de-mission": None,
        f"/meetings/{NOBODY}/convocations": None,
        f"/papers/{NOBODY}/cancellation": {"reason": "Non."},
        f"/offers/{NOBODY}/recognitions": None,
        f"/candidatures/{NOBODY}/recognition": None,
    }
    answers = [await inter.play.ask(inter.office, "POST", path, json=wish) for path, wish in asked.items()]
    autorisations = await inter.play.ask(inter.office, "GET", f"/meetings/{NOBODY}/autorisations")

    assert [inter.play.refusal(each) for each in (*answers, autorisations)] == [
        "unknown-meeting", "unknown-meeting", "unknown-paper", "unknown-offer", "unknown-candidature",
        "unknown-meeting",
    ]  # fmt: skip
    assert await inter.play.rows("SELECT * FROM paper_counter") == []
