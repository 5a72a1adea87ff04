"""The months of the pay: fixed, moved with a reason, locked; and what comes after a cut-off is late and says so."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from common.identity import Agent, Role

if TYPE_CHECKING:
    from tests.service.payroll.conftest import Office

CAMPAIGN = "/campaigns/{}"


def moved(office: "Office", **dates: str) -> dict[str, str]:
    return {name: day for name, day in {**office.february, **dates}.items() if name != "month"} | {
        "reason": "la trésorerie avance"
    }


async def test_a_campaign_is_scheduled_and_told(bare: "Office") -> None:
    campaign = await bare.schedule(bare.february)

    shown = await bare.get(CAMPAIGN.format(campaign))
    assert shown == {**bare.february, "id": str(campaign), "academie": "09", "locked": False, "revision": 1}
    assert await bare.told() == [("campaign_scheduled", {"subject": str(campaign), **bare.february})]


@pytest.mark.item(99)
async def test_the_calendar_is_shared_with_everybody_and_holds_no_amount(
    bare: "Office", agent: Callable[..., Agent]
) -> None:
    await bare.schedule(bare.march)
    await bare.schedule(bare.february)
    await bare.schedule(bare.february, "20")

    async with bare.served.as_(agent(Role.AGENT, "09", uai=bare.college)) as somebody:
        found = (await somebody.get("/v1/payroll/campaigns")).json()["items"]

    assert [each["month"] for each in found] == ["2027-02", "2027-03"]
    assert set(found[0]) == {"id", "academie", "month", "opens_on", "cut_off", "pays_on", "locked", "revision"}


@pytest.mark.parametrize(
    "role",
    [Role.RESPONSABLE_FORMATION, Role.RESSOURCES_HUMAINES, Role.AGENT, Role.PROTECTION_DONNEES, Role.EXPLOITATION],
)
async def test_nobody_else_reads_an_amount(office: "Office", agent: Callable[..., Agent], role: Role) -> None:
    paths = [
        "/elements", "/elements.csv", f"/elements/{UUID(int=1)}", f"/elements/{UUID(int=1)}/origin", "/exports",
        f"/exports/{UUID(int=1)}", f"/exports/{UUID(int=1)}/file", f"/campaigns/{office.campaign}/content",
        f"/academies/09/travellers/{office.anna}", f"/rates/{UUID(int=1)}/differences",
    ]  # fmt: skip
    async with office.served.as_(agent(role, "09")) as somebody:
        found = [(await somebody.get(f"/v1/payroll{path}")).status_code for path in paths]

    assert found == [403] * len(paths)


async def test_the_coordination_of_one_academie_touches_nothing_of_the_other(office: "Office") -> None:
    await office.send()
    await office.hold(at=datetime(2027, 2, 3, 9, tzinfo=UTC))
    element = await office.element()

    asked = [
        ("GET", f"/elements/{element['id']}", None),
        ("GET", f"/elements/{element['id']}/origin", None),
        ("GET", f"/academies/09/travellers/{office.anna}", None),
        ("GET", f"/campaigns/{office.campaign}/content", None),
        ("POST", f"/campaigns/{office.campaign}/lock", None),
        ("POST", f"/campaigns/{office.campaign}/exports", None),
        ("POST", f"/elements/{element['id']}/release", {"reason": "non"}),
        ("POST", "/campaigns", {"academie": "09", **office.march}),
        ("GET", "/academies/09/rules", None),
    ]
    found = [(await office.ask(method, path, body, academie="20")).status_code for method, path, body in asked]

    assert found == [404, 404, 403, 404, 404, 404, 404, 403, 403]
    assert (await office.get("/elements", academie="20"))["items"] == []


async def test_a_campaign_is_moved_with_a_reason_by_whoever_has_read_it(office: "Office") -> None:
    path, wish = CAMPAIGN.format(office.campaign), moved(office, cut_off="2027-02-08")

    answers = [await office.ask("PATCH", path, wish, if_match=tag) for tag in (None, '"7"', '"1"')]

    assert [each.status_code for each in answers] == [428, 412, 200]
    assert answers[-1].json()["cut_off"] == "2027-02-08"
    assert answers[-1].headers["ETag"] == '"2"'
    assert (await office.told())[-1] == (
        "campaign_moved", {"subject": str(office.campaign), **office.february, "cut_off": "2027-02-08"},
    )  # fmt: skip
    assert ("la trésorerie avance",) in await office.rows("SELECT reason FROM audit_reason")


@pytest.mark.parametrize(
    ("dates", "status", "refusal"),
    [
        ({}, 409, "pay-calendar-unchanged"),
        ({"opens_on": "2027-02-11"}, 422, "impossible-pay-calendar"),
        ({"pays_on": "2027-03-01"}, 422, "impossible-pay-calendar"),
        ({"cut_off": "2027-01-19"}, 409, "cut-off-in-the-past"),
        ({"cut_off": "9/2/2027"}, 422, "malformed"),
    ],
)
async def test_a_wrong_move_is_refused_and_changes_nothing(
    office: "Office", dates: dict[str, str], status: int, refusal: str
) -> None:
    answer = await office.ask("PATCH", CAMPAIGN.format(office.campaign), moved(office, **dates), if_match='"1"')

    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{refusal}")
    assert (await office.get(CAMPAIGN.format(office.campaign)))["revision"] == 1


async def test_a_month_is_scheduled_once_and_in_order(office: "Office") -> None:
    twice = await office.ask("POST", "/campaigns", {"academie": "09", **office.february})
    before = {**office.march, "opens_on": "2027-01-02", "cut_off": "2027-02-09"}
    disordered = await office.ask("POST", "/campaigns", {"academie": "09", **before})

    assert [each.json()["type"] for each in (twice, disordered)] == [
        "/problems/pay-campaign-already-scheduled", "/problems/pay-campaign-out-of-order",
    ]  # fmt: skip


async def test_an_unknown_campaign_is_not_found(office: "Office") -> None:
    answer = await office.ask("GET", CAMPAIGN.format(UUID(int=1)))

    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-pay-campaign")


async def test_a_locked_campaign_neither_moves_nor_takes_anything(office: "Office") -> None:
    march = await office.schedule({**office.march, "opens_on": "2027-01-15"})
    assert (await office.ask("POST", f"/campaigns/{office.campaign}/lock")).status_code == 200

    again = await office.ask("POST", f"/campaigns/{office.campaign}/lock")
    wish = moved(office, cut_off="2027-02-09")
    move = await office.ask("PATCH", CAMPAIGN.format(office.campaign), wish, if_match='"2"')
    await office.send()
    await office.hold(at=datetime(2027, 2, 3, 9, tzinfo=UTC))

    assert [each.json()["type"] for each in (again, move)] == ["/problems/pay-campaign-locked"] * 2
    found = await office.element()
    assert (found["campaign"], found["late"], found["late_from"]) == (str(march), True, "2027-02")


@pytest.mark.parametrize(
    ("known", "month", "late_from"),
    [
        (datetime(2027, 2, 10, 22, 59, tzinfo=UTC), "2027-02", ""),  # 23:59 in Paris
        (datetime(2027, 2, 10, 23, 0, tzinfo=UTC), "2027-03", "2027-02"),
    ],
)
async def test_the_cut_off_is_the_local_midnight_that_ends_it(
    office: "Office", known: datetime, month: str, late_from: str
) -> None:
    """Whenever the fact is heard: what counts is when the attendance was recorded."""
    await office.schedule(office.march)
    office.at(2027, 2, 11, 9)
    await office.send()
    await office.hold(at=known)

    found = await office.element()
    assert (found["month"], found["late"], found["late_from"]) == (month, bool(late_from), late_from)
    [(_, told)] = await office.told("element_placed")
    assert (told["month"], told["late"], told["late_from"]) == (month, bool(late_from), late_from)


@pytest.mark.parametrize(
    ("cut_off", "known", "month", "late_from"),
    [
        ("2027-02-12", datetime(2027, 2, 12, 22, 59, tzinfo=UTC), "2027-02", ""),
        ("2027-02-12", datetime(2027, 2, 12, 23, 0, tzinfo=UTC), "2027-03", "2027-02"),
        ("2027-02-08", datetime(2027, 2, 8, 23, 0, tzinfo=UTC), "2027-03", "2027-02"),
    ],
)
async def test_a_moved_cut_off_is_the_one_that_counts(
    office: "Office", cut_off: str, known: datetime, month: str, late_from: str
) -> None:
    await office.schedule({**office.march, "opens_on": "2027-02-09"})
    wish = moved(office, cut_off=cut_off)
    assert (await office.ask("PATCH", CAMPAIGN.format(office.campaign), wish, if_match='"1"')).status_code == 200
    await office.send()
    await office.hold(at=known)

    found = await office.element()
    assert (found["month"], found["late_from"]) == (month, late_from)


async def test_with_no_campaign_open_it_waits_for_the_next_to_open(office: "Office") -> None:
    await office.send()
    await office.hold(at=datetime(2027, 2, 11, 9, tzinfo=UTC))
    assert ((await office.element())["status"], (await office.element())["campaign"]) == ("ready", None)

    office.at(2027, 2, 11, 10)
    march = await office.schedule({**office.march, "opens_on": "2027-02-15"})
    await office.compute()
    assert (await office.element())["campaign"] is None

    office.at(2027, 2, 15, 9)
    await office.compute()

    found = await office.element()
    assert (found["campaign"], found["month"], found["late_from"]) == (str(march), "2027-03", "2027-02")
    assert [kind for kind, _ in await office.told("element_established", "element_placed")] == [
        "element_established", "element_placed",
    ]  # fmt: skip


async def test_what_a_campaign_holds_is_counted(office: "Office") -> None:
    await office.send()
    await office.hold(at=datetime(2027, 2, 3, 9, tzinfo=UTC))
    await office.send(subject=UUID(int=0x102), meeting=UUID(int=0x202), person=office.bruno)
    await office.hold(at=datetime(2027, 2, 3, 9, tzinfo=UTC), meeting=UUID(int=0x202), person=office.bruno)

    assert await office.get(f"/campaigns/{office.campaign}/content") == {
        "campaign": str(office.campaign), "elements": 1, "total": 6800, "late": 0, "held": 1, "exported": 0,
        "acknowledged": 0, "rejected": 0,
    }  # fmt: skip
