"""Residences, distances, adjoining communes, rules and rates: entered by people, and what they change is shown."""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

if TYPE_CHECKING:
    from tests.service.payroll.conftest import Office

NEXT_DAY = datetime(2027, 2, 3, 9, tzinfo=UTC)
MEAL = {"kind": "meal", "mills": 21_000, "valid_from": "2027-01-01", "source": "arrêté du 15 mars 2027"}


async def test_a_residence_is_dated_and_a_move_changes_no_mission_before_it(office: "Office") -> None:
    await office.send()
    await office.hold(at=NEXT_DAY)
    answer = await office.enter(office.anna, since="2027-03-01", residence=office.dunkerque, if_match='"1"')
    await office.compute()
    assert (answer.status_code, (await office.element())["amount"]) == (200, 6800)

    await office.enter(office.anna, since="2027-02-01", residence=office.dunkerque, if_match='"2"')
    await office.compute()

    assert (await office.element())["not_due"] == "residence-commune"
    shown = await office.get(f"/academies/09/travellers/{office.anna}")
    assert [(v["since"], v["residence"], v["vehicle_label"]) for v in shown["versions"]] == [
        ("2026-09-01", office.lille, "voiture"), ("2027-02-01", office.dunkerque, "voiture"),
        ("2027-03-01", office.dunkerque, "voiture"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "tag", "status", "refusal"),
    [
        ({"horsepower": None}, '"1"', 422, "horsepower-mismatch"),
        ({"vehicle": "none"}, '"1"', 422, "horsepower-mismatch"),
        ({}, '"1"', 409, "traveller-unchanged"),
        ({"residence": "5935"}, '"1"', 422, "malformed"),
        ({"horsepower": 6}, None, 428, "precondition-required"),
        ({"horsepower": 6}, '"0"', 412, "precondition-failed"),
    ],
)
async def test_a_wrong_residence_or_vehicle_is_refused(
    office: "Office", changes: dict[str, Any], tag: str | None, status: int, refusal: str
) -> None:
    answer = await office.enter(office.anna, if_match=tag, **changes)

    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{refusal}")
    assert (await office.get(f"/academies/09/travellers/{office.anna}"))["revision"] == 1


async def test_somebody_of_whom_nothing_is_known_is_not_found(office: "Office") -> None:
    answer = await office.ask("GET", f"/academies/09/travellers/{office.bruno}")

    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-traveller")


async def test_a_distance_is_the_same_both_ways(office: "Office") -> None:
    pair = {"commune": office.dunkerque, "other": office.lille, "kilometres": 80}
    answer = await office.ask("PATCH", "/academies/09/distances", {"distances": [pair]})
    assert answer.json() == {"recorded": 1}
    await office.send()
    await office.hold(at=NEXT_DAY)

    assert (await office.element())["lines"][0]["quantity"] == 160
    listed = (await office.get("/academies/09/distances", commune=office.lille))["items"]
    assert listed == [{"commune": office.dunkerque, "other": office.lille, "kilometres": 80}]


async def test_a_missing_distance_holds_and_the_entry_releases(office: "Office") -> None:
    await office.ask("PUT", "/academies/09/communes/62041/adjoining", {"communes": []})
    await office.send(commune="62041")
    await office.hold(at=NEXT_DAY)
    assert [c["name"] for c in (await office.element())["controls"]] == ["distance-unknown"]

    office.at(2027, 2, 12, 9)
    pair = {"commune": office.lille, "other": "62041", "kilometres": 50}
    await office.ask("PATCH", "/academies/09/distances", {"distances": [pair]})
    await office.compute()

    found = await office.element()
    assert (found["status"], found["campaign"], found["amount"]) == ("ready", None, 3200 + 2000)


async def test_a_distance_to_itself_is_refused(office: "Office") -> None:
    same = {"commune": office.lille, "other": office.lille, "kilometres": 1}

    answer = await office.ask("PATCH", "/academies/09/distances", {"distances": [same]})

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/distance-to-itself")


async def test_adjoining_communes_are_read_from_a_file_all_or_nothing(office: "Office") -> None:
    async def load(text: str) -> Any:
        async with office.as_office() as client:
            return await client.post(
                "/v1/payroll/academies/09/adjacencies", content=text.encode("cp1252"),
                headers={"Content-Type": "text/csv"},
            )  # fmt: skip

    wrong = await load("commune;limitrophe\r\n59183;5918\r\n59183;59183\r\n")
    headless = await load("a;b\r\n1;2\r\n")
    good = await load("Commune;Limitrophe;Remarque\r\n59183;59155;\r\n59183;59340;près\r\n59350;59009;\r\n")

    assert wrong.json()["type"] == headless.json()["type"] == "/problems/unreadable-adjacencies"
    assert [error["pointer"] for error in wrong.json()["errors"]] == ["/lines/2", "/lines/3"]
    assert (good.status_code, good.json()) == (200, {"recorded": 2})
    listed = (await office.get("/academies/09/adjacencies"))["items"]
    assert [(each["commune"], each["communes"], each["revision"]) for each in listed] == [
        ("59183", ["59155", "59340"], 2), ("59350", ["59009"], 2),
    ]  # fmt: skip
    async with office.as_office() as client:
        refused = await client.post("/v1/payroll/academies/09/adjacencies", json={})
    assert refused.status_code == 415


async def test_an_adjoining_commune_makes_nothing_due_from_either_side(office: "Office") -> None:
    await office.send()
    await office.hold(at=NEXT_DAY)
    path = f"/academies/09/communes/{office.dunkerque}/adjoining"

    itself = await office.ask("PUT", path, {"communes": [office.dunkerque]}, if_match='"1"')
    same = await office.ask("PUT", path, {"communes": []}, if_match='"1"')
    unread = await office.ask("PUT", path, {"communes": [office.lille]})
    answer = await office.ask("PUT", path, {"communes": [office.lille]}, if_match='"1"')
    await office.compute()

    assert [each.json()["type"] for each in (itself, same, unread)] == [
        "/problems/adjoins-itself", "/problems/adjacency-unchanged", "/problems/precondition-required",
    ]  # fmt: skip
    assert answer.json() == {
        "academie": "09", "commune": office.dunkerque, "communes": [office.lille], "revision": 2,
    }  # fmt: skip
    assert (await office.element())["not_due"] == "adjoining-residence"
    assert (await office.get(path))["communes"] == [office.lille]


async def test_the_ceiling_and_the_windows_are_configuration(office: "Office") -> None:
    await office.send()
    await office.hold(at=NEXT_DAY)
    known = await office.get("/academies/09/rules")
    assert (known["revision"], known["rules"]["ceiling"], known["rules"]["midday"]["start"]) == (0, 50_000, "11:00:00")

    wish = {**known["rules"], "ceiling": 6000}
    unread = await office.ask("PUT", "/academies/09/rules", wish)
    answer = await office.ask("PUT", "/academies/09/rules", wish, if_match='"0"')
    await office.compute()

    assert (unread.status_code, answer.status_code) == (428, 200)
    held = await office.element()
    assert [c["name"] for c in held["controls"]] == ["over-ceiling"]
    stale = await office.release({**held, "revision": 1})
    let = await office.release(held, "deux véhicules pour le matériel")
    assert (stale.status_code, let.status_code, let.json()["month"]) == (412, 200, "2027-02")
    assert ("deux véhicules pour le matériel",) in await office.rows("SELECT reason FROM audit_reason")
    await office.compute()
    assert (await office.element())["status"] == "ready"
    again = await office.release({**held, "revision": 3})
    assert again.json()["type"] == "/problems/element-not-held"


async def test_a_window_that_ends_before_it_begins_is_refused(office: "Office") -> None:
    rules = (await office.get("/academies/09/rules"))["rules"]
    wish = {**rules, "midday": {"start": "14:00:00", "end": "11:00:00"}}

    answer = await office.ask("PUT", "/academies/09/rules", wish, if_match='"0"')

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/impossible-pay-rules")


async def test_a_cause_that_remains_cannot_be_released_by_hand(office: "Office") -> None:
    await office.send()
    await office.hold(at=NEXT_DAY, present=())

    answer = await office.release(await office.element())

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/cause-remains")
    unknown = await office.ask("POST", f"/elements/{UUID(int=1)}/release", {"reason": "non"}, if_match='"1"')
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/unknown-element")


async def test_a_corrected_rate_shows_what_it_would_change_before_it_is_applied(office: "Office") -> None:
    await office.send()
    await office.hold(at=NEXT_DAY)
    office.at(2027, 2, 8, 9)

    proposed = (await office.ask("POST", "/academies/09/rates", MEAL)).json()
    await office.compute()
    differences = await office.ask("GET", f"/rates/{proposed['id']}/differences")

    assert proposed["applied"] is False
    assert (await office.element())["amount"] == 6800
    assert differences.json() == {
        "rate": proposed["id"], "total": 100,
        "missions": [{"mission": str(office.mission), "person": str(office.anna), "before": 6800, "after": 6900,
                      "difference": 100}],
    }  # fmt: skip
    path, tag = f"/rates/{proposed['id']}/application", differences.headers["ETag"]
    unread = await office.ask("POST", path)
    applied = await office.ask("POST", path, if_match=tag)
    await office.compute()
    again = await office.ask("POST", path, if_match='"2"')

    assert (unread.status_code, applied.status_code) == (428, 200)
    assert again.json()["type"] == "/problems/rate-already-applied"
    assert ((await office.element())["amount"], (await office.element())["month"]) == (6900, "2027-02")


async def test_a_rate_corrected_after_the_export_gives_a_regularisation(office: "Office") -> None:
    await office.schedule(office.march)
    await office.send()
    await office.hold(at=NEXT_DAY)
    await office.set_codes()
    await office.export(office.campaign)
    office.at(2027, 2, 16, 9)

    proposed = (await office.ask("POST", "/academies/09/rates", MEAL)).json()
    await office.ask("POST", f"/rates/{proposed['id']}/application", if_match='"1"')
    await office.compute()

    [sent, more] = sorted(await office.elements(), key=lambda each: each["rank"])
    assert (sent["status"], sent["amount"]) == ("exported", 6800)
    assert (more["amount"], [c["name"] for c in more["controls"]]) == (100, ["regularisation"])
    assert (await office.release(more)).json()["month"] == "2027-03"


async def test_a_day_without_any_rate_is_held_until_one_is_applied(office: "Office") -> None:
    day = date(2019, 2, 5)
    await office.enter(office.anna, since="2018-09-01", vehicle="none", horsepower=None, if_match='"1"')
    await office.send(day=day)
    await office.hold(at=NEXT_DAY, day=day)
    assert [c["name"] for c in (await office.element())["controls"]] == ["rate-unknown"]

    wish = {**MEAL, "mills": 15_250, "valid_from": "2006-11-01", "source": "arrêté du 3 juillet 2006"}
    proposed = (await office.ask("POST", "/academies/09/rates", wish)).json()
    await office.ask("POST", f"/rates/{proposed['id']}/application", if_match='"1"')
    await office.compute()

    assert ((await office.element())["status"], (await office.element())["amount"]) == ("ready", 1525)


async def test_all_rates_are_listed_and_a_wrong_or_unknown_one_is_refused(office: "Office") -> None:
    await office.ask("POST", "/academies/09/rates", MEAL)

    listed = await office.get("/academies/09/rates")
    wrong = await office.ask("POST", "/academies/09/rates", {**MEAL, "category": "paris"})
    unknown = await office.ask("GET", f"/rates/{UUID(int=1)}/differences")

    assert (len(listed), listed[-1]["mills"], listed[-1]["applied"]) == (22, 21_000, False)
    assert (wrong.status_code, wrong.json()["type"]) == (422, "/problems/impossible-rate")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/unknown-rate")
