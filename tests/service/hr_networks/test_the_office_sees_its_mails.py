"""A mail that a server refuses is a state the office sees, and may mend."""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.service.hr_networks.conftest import Census

PATH = "/v1/hr-networks/mails"


async def refused_mail(census: "Census") -> Any:
    """As the sender notes it when the server says 550."""
    await census.open()
    await census.open("20")
    await census.served.run_job("announce_to_schools")
    async with census.served.db.batch(census.served.settings.academies) as tx:
        await tx.execute(
            "UPDATE mail SET state = 'refused', error = 'smtp 550', attempts = 1, settled_at = now()"
            f" WHERE recipient LIKE 'ce.{census.college.lower()}@%'"
        )
    [mail] = (await census.get("/mails?state=refused", census.as_office()))["items"]
    return mail


async def test_the_office_sees_what_a_server_refused(census: "Census") -> None:
    mail = await refused_mail(census)

    assert (mail["state"], mail["state_label"], mail["error"]) == ("refused", "refusé", "smtp 550")
    assert mail["recipient"] == f"ce.{census.college.lower()}@ac-test.example"
    waiting = await census.get("/mails?state=waiting", census.as_office())
    assert {each["academie"] for each in waiting["items"]} == {"09"}
    assert len(waiting["items"]) == 2
    async with census.as_head(census.college) as head:
        assert (await head.get(PATH)).status_code == 403


async def test_it_is_sent_again_to_another_address(census: "Census") -> None:
    mail = await refused_mail(census)
    async with census.as_office() as office, census.as_office("20") as amiens:
        foreign = await amiens.post(f"{PATH}/{mail['id']}/sending", json={})
        wrong = await office.post(f"{PATH}/{mail['id']}/sending", json={"recipient": "nobody"})
        again = await office.post(f"{PATH}/{mail['id']}/sending", json={"recipient": "accueil@ac-test.example"})
        twice = await office.post(f"{PATH}/{mail['id']}/sending", json={})

    assert [answer.status_code for answer in (foreign, wrong, again, twice)] == [404, 422, 200, 409]
    assert [answer.json()["type"] for answer in (foreign, twice)] == [
        "/problems/unknown-mail", "/problems/mail-on-its-way",
    ]  # fmt: skip
    assert await census.rows("SELECT recipient, attempts FROM mail WHERE recipient LIKE 'accueil%'") == [
        ("accueil@ac-test.example", 0)
    ]


@pytest.mark.parametrize("state", ["waiting", "refused"])
async def test_mails_are_listed_page_by_page(census: "Census", state: str) -> None:
    await refused_mail(census)

    page = await census.get(f"/mails?limit=1&state={state}", census.as_office())
    assert (len(page["items"]), page["next"] is None) == (1, state == "refused")
