"""The office of an académie opens a census; every EPLE it addresses is told once, whenever it opens."""

from datetime import date
from typing import TYPE_CHECKING

import pytest

from common.identity import Role

if TYPE_CHECKING:
    from tests.service.hr_networks.conftest import Census

PATH = "/v1/hr-networks/campaigns"


@pytest.mark.item(113)
async def test_a_census_addresses_the_eple_of_its_academie_and_says_so(census: "Census") -> None:
    opened = await census.open()

    told = await census.served.told()
    assert [(kind.split(".")[-2], academie) for kind, academie, _ in told] == [
        ("census_opened", "09"),
        *[("school_addressed", "09")] * 3,
    ]
    assert told[0][2] == {
        "subject": str(opened),
        "object": "identification des personnels affectés au secrétariat de direction",
        "function": "secrétariat de direction",
        "deadline": "2007-11-20",
    }
    assert [body["uai"] for _, _, body in told[1:]] == [census.college, census.lycee, census.college_roubaix]


@pytest.mark.item(112)
@pytest.mark.item(142)
@pytest.mark.item(143)
async def test_each_chef_d_etablissement_gets_the_letter_by_mail_once(census: "Census") -> None:
    opened = await census.open()
    await census.served.run_job("announce_to_schools")
    await census.served.run_job("announce_to_schools")

    mails = await census.rows("SELECT recipient, subject, body FROM mail ORDER BY recipient")
    assert [mail[0] for mail in mails] == [
        f"ce.{uai.lower()}@ac-test.example" for uai in (census.college, census.lycee, census.college_roubaix)
    ]
    subject, body = mails[0][1:]
    assert subject.endswith("réponse pour le 20 novembre 2007")
    assert "DIFOR vous demande" in body  # the training division, as it was called then
    assert f"PUT {{api}}{PATH}/{opened}/answers/{census.college}" in body
    assert "Afin de pouvoir mettre en œuvre le projet" in body
    assert body.rstrip().endswith("La directrice des ressources humaines")  # the DRH signs


@pytest.mark.item(143)
async def test_the_asking_division_is_named_by_the_office_or_by_its_date(census: "Census") -> None:
    census.at(2026, 11, 22, 9)
    today = await census.open(deadline="2026-12-20")
    named = await census.open(deadline="2026-12-20", service="DRH 3")

    office = census.as_office()
    assert (await census.get(f"/campaigns/{today}", office))["service"] == "EAFC"
    assert (await census.get(f"/campaigns/{named}", census.as_office()))["service"] == "DRH 3"


@pytest.mark.item(114)
@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.RESPONSABLE_FORMATION, 201),
        (Role.RESSOURCES_HUMAINES, 201),
        (Role.ADMINISTRATEUR_TERRITOIRE, 403),
        (Role.AGENT, 403),
    ],
)
async def test_the_head_of_training_or_the_drh_opens_a_census(census: "Census", role: Role, status: int) -> None:
    async with census.as_office(role=role) as client:
        answer = await client.post(PATH, json=census.wish)

    assert answer.status_code == status


async def test_nobody_opens_a_census_in_another_academie(census: "Census") -> None:
    async with census.as_office("20") as amiens:
        answer = await amiens.post(PATH, json=census.wish)

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-yours")


async def test_a_bassin_opens_nothing(census: "Census") -> None:
    async with census.as_animateur(census.lille_centre) as animateur:
        answer = await animateur.post(PATH, json=census.wish)

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/bassin-never-decides")


async def test_a_deadline_in_the_past_opens_nothing(census: "Census") -> None:
    async with census.as_office() as office:
        answer = await office.post(PATH, json={**census.wish, "deadline": "2007-10-25"})

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/deadline-in-the-past")
    assert await census.served.told() == []


@pytest.mark.parametrize(
    ("field", "value"), [("object", "  "), ("object", "deux\nlignes"), ("letter", ""), ("contact", "x" * 201)]
)
async def test_a_malformed_wish_names_the_field(census: "Census", field: str, value: str) -> None:
    async with census.as_office() as office:
        answer = await office.post(PATH, json={**census.wish, field: value})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{field}"]


async def test_the_same_post_again_opens_no_second_census(census: "Census") -> None:
    async with census.as_office() as office:
        answers = [
            await office.post(PATH, json=census.wish, headers={"Idempotency-Key": "double-clic"}) for _ in range(2)
        ]

    assert answers[0].json() == answers[1].json()
    assert (await census.get("/campaigns", census.as_office()))["items"][0]["id"] == answers[0].json()["id"]
    assert len((await census.get("/campaigns", census.as_office()))["items"]) == 1


@pytest.mark.item(113)
async def test_a_school_opened_after_the_census_is_found_added_and_told(census: "Census") -> None:
    opened = await census.open()
    await census.served.run_job("announce_to_schools")
    await census.hear_school(census.later, census.roubaix, opened_on=date(2007, 11, 5))

    await census.served.run_job("address_new_schools")  # 26 October: it is not open yet
    assert (await census.completeness(opened))["total"]["addressed"] == 3

    census.at(2007, 11, 5, 8)
    await census.served.run_job("address_new_schools")
    await census.served.run_job("address_new_schools")
    await census.served.run_job("announce_to_schools")

    assert (await census.completeness(opened))["total"]["addressed"] == 4
    assert [body["uai"] for *_, body in (await census.served.told())[4:]] == [census.later]
    assert len(await census.rows("SELECT FROM mail")) == 4


async def test_a_school_opened_after_the_deadline_is_not_asked(census: "Census") -> None:
    opened = await census.open()
    census.at(2007, 11, 21, 8)
    await census.hear_school(census.later, census.roubaix)
    await census.served.run_job("address_new_schools")

    assert (await census.completeness(opened))["total"]["addressed"] == 3


async def test_a_school_without_an_address_is_told_as_soon_as_it_has_one(census: "Census") -> None:
    await census.hear_school(census.later, census.roubaix, mail="")
    opened = await census.open()
    await census.served.run_job("announce_to_schools")

    listed = (await census.get(f"/campaigns/{opened}/answers", census.as_office()))["items"]
    assert [each["announced_at"] is None for each in listed] == [False, False, False, True]

    await census.hear_school(census.later, census.roubaix)
    await census.served.run_job("announce_to_schools")
    assert len(await census.rows("SELECT FROM mail")) == 4


async def test_an_academie_sees_its_own_campaigns_only(census: "Census") -> None:
    lille, amiens = await census.open("09"), await census.open("20")

    assert [each["id"] for each in (await census.get("/campaigns", census.as_office("09")))["items"]] == [str(lille)]
    assert [each["id"] for each in (await census.get("/campaigns", census.as_office("20")))["items"]] == [str(amiens)]
    async with census.as_office("20") as office:
        assert (await office.get(f"{PATH}/{lille}")).status_code == 404
        assert (await office.get(f"{PATH}/{lille}/answers")).status_code == 404
        assert (await office.get(f"{PATH}/{lille}/completeness")).status_code == 404
        assert (await office.get(f"{PATH}/{lille}/names.csv")).status_code == 404


async def test_campaigns_are_listed_newest_first_page_by_page_and_by_state(census: "Census") -> None:
    first, second, third = [str(await census.open()) for _ in range(3)]
    async with census.as_office() as office:
        await office.post(f"{PATH}/{second}/closing", json={"reason": "Ouvert par erreur."})

    page = await census.get("/campaigns?limit=2", census.as_office())
    assert [each["id"] for each in page["items"]] == [third, second]
    rest = await census.get(f"/campaigns?limit=2&cursor={page['next']}", census.as_office())
    assert ([each["id"] for each in rest["items"]], rest["next"]) == ([first], None)
    closed = await census.get("/campaigns?status=closed", census.as_office())
    assert [(each["id"], each["status_label"]) for each in closed["items"]] == [(second, "clos")]


@pytest.mark.item(141)
async def test_a_chef_d_etablissement_finds_what_his_school_is_asked(census: "Census") -> None:
    opened = await census.open()

    found = await census.get(f"/schools/{census.college}/campaigns", census.as_head(census.college))
    assert [(each["id"], each["revision"]) for each in found] == [(str(opened), 0)]
    assert found[0]["answer"] == f"{PATH}/{opened}/answers/{census.college}"
    assert await census.get(f"/schools/{census.college}/campaigns", census.as_head(census.lycee)) == []
