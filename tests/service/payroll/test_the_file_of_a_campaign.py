"""A campaign is sent as one file, once: configured columns, control total, digest; and answered line by line."""

import asyncio
import hashlib
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from tests.service.payroll.conftest import cancelled, person

if TYPE_CHECKING:
    from tests.service.payroll.conftest import Office

NEXT_DAY = datetime(2027, 2, 3, 9, tzinfo=UTC)
LATER = datetime(2027, 2, 16, 9, tzinfo=UTC)
SECOND = UUID(int=0x102)


@pytest.fixture
async def two(office: "Office") -> "Office":
    """Anna and Bruno were both at their meetings; March is scheduled."""
    await office.schedule(office.march)
    await office.enter(office.bruno, residence=office.villeneuve, vehicle="none", horsepower=None)
    path = f"/academies/09/communes/{office.villeneuve}/adjoining"
    await office.ask("PUT", path, {"communes": [office.lille]})
    await office.compute()
    await office.send()
    await office.hold(at=NEXT_DAY)
    await office.send(subject=SECOND, number="09-OM-2027-000018", meeting=UUID(int=0x202), person=office.bruno)
    await office.hold(at=NEXT_DAY, meeting=UUID(int=0x202), person=office.bruno)
    return office


@pytest.fixture
async def sent(two: "Office") -> dict[str, Any]:
    await two.set_codes()
    return await two.export(two.campaign)


async def acknowledge(office: "Office", export: str, **wish: Any) -> Any:
    return await office.ask("POST", f"/exports/{export}/acknowledgement", wish)


async def test_the_file_has_the_configured_columns_a_total_and_a_digest(two: "Office", sent: dict[str, Any]) -> None:
    answer = await two.ask("GET", f"/exports/{sent['id']}/file")

    assert answer.content.decode("utf-8-sig").split("\r\n") == [
        "Nom;Prénoms;UAI;Ordre de mission;Jour;Kilomètres [200001];Nuitées [200002];Repas [200003];Total",
        "Martel;Anna;0590001F;09-OM-2027-000017;02/02/2027;48,00;0,00;20,00;68,00",
        "Calmette;Bruno;0590001F;09-OM-2027-000018;02/02/2027;0,00;0,00;20,00;20,00",
        "",
    ]
    assert (sent["lines"], sent["total"]) == (2, 8800)
    assert sent["sha256"] == hashlib.sha256(answer.content).hexdigest()
    assert [(body["line"], body["mission"]) for _, body in await two.told("element_exported")] == [
        (1, str(two.mission)), (2, str(SECOND)),
    ]  # fmt: skip
    assert (await two.get(f"/campaigns/{two.campaign}/content"))["exported"] == 2


async def test_exporting_twice_gives_the_same_bytes(two: "Office", sent: dict[str, Any]) -> None:
    first = (await two.ask("GET", f"/exports/{sent['id']}/file")).content
    await two.hear(person(two.anna, "Autre", "Nom"))

    again = await two.ask("POST", f"/campaigns/{two.campaign}/exports")

    assert (again.status_code, again.json()) == (200, sent)
    assert (await two.ask("GET", f"/exports/{again.json()['id']}/file")).content == first
    assert len(await two.told("element_exported")) == 2


async def test_two_who_export_at_the_same_time_send_one_file(two: "Office") -> None:
    await two.set_codes()
    await two.ask("POST", f"/campaigns/{two.campaign}/lock")

    answers = await asyncio.gather(*(two.ask("POST", f"/campaigns/{two.campaign}/exports") for _ in range(3)))

    assert 500 not in {each.status_code for each in answers}
    assert [each.status_code for each in answers].count(201) == 1
    assert await two.rows("SELECT lines, total FROM export") == [(2, 8800)]
    assert len(await two.told("element_exported")) == 2


async def test_whoever_exports_while_another_does_is_asked_to_come_again(two: "Office") -> None:
    await two.set_codes()
    await two.ask("POST", f"/campaigns/{two.campaign}/lock")

    async with two.served.db.batch(two.served.settings.academies) as tx:
        await tx.execute(ANOTHER_EXPORT, two.campaign)
        second = asyncio.create_task(two.ask("POST", f"/campaigns/{two.campaign}/exports"))
        await asyncio.sleep(0.3)  # it has seen no export, and waits for what the first one does

    answer = await second
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/export-in-progress")
    assert await two.told("element_exported") == []


ANOTHER_EXPORT = """
INSERT INTO export (academie, id, campaign, exported_at, exported_by, lines, total, sha256, content, keep_until)
SELECT academie, gen_random_uuid(), id, now(), gen_random_uuid(), 0, 0, '', '', '2037-01-01' FROM campaign WHERE id = $1
"""


async def test_a_pay_code_to_be_set_blocks_the_export_and_names_its_columns(two: "Office") -> None:
    await two.ask("POST", f"/campaigns/{two.campaign}/lock")

    answer = await two.ask("POST", f"/campaigns/{two.campaign}/exports")

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/pay-codes-to-be-set")
    assert answer.json()["detail"] == "Le code de paye reste à définir pour « Kilomètres », « Nuitées », « Repas »."
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        "/columns/5/pay_code", "/columns/6/pay_code", "/columns/7/pay_code",
    ]  # fmt: skip
    assert {each["status"] for each in await two.elements()} == {"ready"}
    assert await two.rows("SELECT id FROM export") == []


async def test_a_campaign_is_locked_before_it_is_sent(two: "Office") -> None:
    await two.set_codes()

    answer = await two.ask("POST", f"/campaigns/{two.campaign}/exports")

    assert answer.json()["type"] == "/problems/pay-campaign-not-locked"


async def test_an_empty_campaign_is_not_sent(office: "Office") -> None:
    await office.set_codes()
    await office.ask("POST", f"/campaigns/{office.campaign}/lock")

    answer = await office.ask("POST", f"/campaigns/{office.campaign}/exports")

    assert answer.json()["type"] == "/problems/nothing-to-export"


async def test_whoever_was_erased_meanwhile_is_not_sent_without_a_name(two: "Office") -> None:
    await two.set_codes()
    await two.ask("POST", f"/campaigns/{two.campaign}/lock")
    await two.hear(person(two.anna, "", "", erased=True))

    answer = await two.ask("POST", f"/campaigns/{two.campaign}/exports")
    assert answer.json()["type"] == "/problems/export-identity-missing"

    await two.compute()
    assert (await two.ask("POST", f"/campaigns/{two.campaign}/exports")).json()["lines"] == 1
    assert [c["name"] for c in (await two.elements(person=str(two.anna)))[0]["controls"]] == ["identity-unknown"]


async def test_columns_lose_no_amount(two: "Office") -> None:
    known = (await two.get("/academies/09/columns"))["columns"]
    wishes = [
        [c for c in known if c["source"] != "nights-amount"],
        [*known, {"heading": "Encore", "source": "meals-amount", "pay_code": "1"}],
        [{**c, "pay_code": None} for c in known],
        [{**c, "pay_code": "200001"} for c in known],
    ]
    answers = [await two.ask("PUT", "/academies/09/columns", {"columns": w}, if_match='"0"') for w in wishes]

    assert [(a.status_code, a.json()["type"]) for a in answers] == [(422, "/problems/impossible-columns")] * 4
    assert (await two.get("/academies/09/columns"))["revision"] == 0
    unread = await two.ask("PUT", "/academies/09/columns", {"columns": known}, if_match='"3"')
    assert unread.status_code == 412


async def test_a_line_is_acknowledged_and_another_comes_back_corrected_in_the_next_campaign(
    two: "Office", sent: dict[str, Any]
) -> None:
    two.at(2027, 2, 16, 9)
    lines = [
        {"line": 1, "outcome": "rejected", "reason": "agent inconnu du comptable"},
        {"line": 2, "outcome": "acknowledged"},
    ]

    answer = await acknowledge(two, sent["id"], lines=lines)
    await two.compute()

    assert (answer.status_code, answer.json()["acknowledged"], answer.json()["rejected"]) == (200, 1, 1)
    rejected, follows, accepted = sorted(await two.elements(), key=lambda each: (each["number"], each["rank"]))
    assert (rejected["status"], rejected["rejection"]) == ("rejected", "agent inconnu du comptable")
    assert accepted["status"] == "acknowledged"
    assert (follows["status"], follows["amount"], [c["name"] for c in follows["controls"]]) == (
        "held", 6800, ["rejected"],
    )  # fmt: skip
    let = await two.release(follows, "identifiant corrigé")
    assert (let.status_code, let.json()["month"], let.json()["late_from"]) == (200, "2027-03", "2027-02")
    assert [kind for kind, _ in await two.told()][-4:] == [
        "element_acknowledged", "element_held", "element_established", "element_placed",
    ]  # fmt: skip
    assert "agent inconnu" not in str(await two.told())
    origin = await two.get(f"/elements/{follows['id']}/origin")
    assert origin["corrects"] == [rejected["id"]]

    two.at(2027, 3, 11, 9)
    [march] = await two.rows("SELECT id FROM campaign WHERE month = '2027-03'")
    assert (await two.export(march[0]))["total"] == 6800


async def test_what_no_line_names_is_answered_together(two: "Office", sent: dict[str, Any]) -> None:
    answer = await acknowledge(two, sent["id"], others="acknowledged")

    assert (answer.json()["acknowledged"], answer.json()["rejected"]) == (2, 0)
    again = await acknowledge(two, sent["id"], others="acknowledged")
    assert again.json()["type"] == "/problems/export-line-already-answered"
    one = await acknowledge(two, sent["id"], lines=[{"line": 1, "outcome": "acknowledged"}])
    assert one.json()["type"] == "/problems/export-line-already-answered"
    shown = await two.get(f"/exports/{sent['id']}")
    assert (shown["acknowledged"], shown["rejected"], shown["revision"]) == (2, 0, 2)


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"lines": [{"line": 3, "outcome": "acknowledged"}]}, "/lines/0"),
        ({"lines": [{"line": 1, "outcome": "rejected"}]}, "/lines/0"),
        ({"lines": [{"line": 1, "outcome": "acknowledged"}] * 2}, "/lines/0"),
        ({"others": "rejected"}, "/others_reason"),
        ({"lines": [{"line": 1, "outcome": "perdu"}]}, "/lines/0/outcome"),
    ],
)
async def test_an_unreadable_answer_is_refused_whole(
    two: "Office", sent: dict[str, Any], wish: dict[str, Any], pointer: str
) -> None:
    answer = await acknowledge(two, sent["id"], **wish)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert {each["status"] for each in await two.elements()} == {"exported"}


async def test_a_mission_cancelled_after_the_export_is_taken_back_once_confirmed(
    two: "Office", sent: dict[str, Any]
) -> None:
    two.at(2027, 2, 16, 9)
    await two.hear(cancelled(), at=LATER)

    first, second = await two.elements(mission=str(two.mission))
    back = second if second["rank"] == 2 else first
    assert (back["amount"], [c["name"] for c in back["controls"]]) == (-6800, ["regularisation"])
    let = await two.release(back)
    assert let.json()["month"] == "2027-03"
    two.at(2027, 3, 11, 9)
    [march] = await two.rows("SELECT id FROM campaign WHERE month = '2027-03'")
    made = await two.export(march[0])
    file = (await two.ask("GET", f"/exports/{made['id']}/file")).content.decode("utf-8-sig")
    assert file.splitlines()[1].endswith(";-48,00;0,00;-20,00;-68,00")


async def test_the_exports_are_listed_and_a_download_leaves_a_trace(two: "Office", sent: dict[str, Any]) -> None:
    listed = (await two.get("/exports", campaign=str(two.campaign)))["items"]
    await two.ask("GET", f"/exports/{sent['id']}/file")

    assert listed == [sent]
    assert ("export-downloaded",) in await two.rows("SELECT action FROM audit")
    unknown = [await two.ask("GET", f"/exports/{UUID(int=1)}{rest}") for rest in ("", "/file")]
    assert [each.json()["type"] for each in unknown] == ["/problems/unknown-export"] * 2


async def test_a_file_goes_when_its_retention_ends_and_its_digest_stays(two: "Office", sent: dict[str, Any]) -> None:
    assert sent["keep_until"] == "2037-01-20"
    two.at(2037, 1, 20, 12)
    await two.served.run_job("forget_old_files")
    assert (await two.get(f"/exports/{sent['id']}"))["kept"] is True

    two.at(2037, 1, 21, 12)
    await two.served.run_job("forget_old_files")

    answer = await two.ask("GET", f"/exports/{sent['id']}/file")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/export-file-forgotten")
    shown = await two.get(f"/exports/{sent['id']}")
    assert (shown["kept"], shown["sha256"], shown["total"]) == (False, sent["sha256"], 8800)
    assert date.fromisoformat(shown["keep_until"]) == date(2037, 1, 20)
