"""An element exists from the ordre de mission and the attendance together, in whatever order they are heard."""

import asyncio
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from tests.service.payroll.conftest import cancelled, held, issued, person, school

from common.contracts.events import Fact
from common.uuid7 import uuid7

if TYPE_CHECKING:
    from tests.service.payroll.conftest import Office

NEXT_DAY = datetime(2027, 2, 3, 9, tzinfo=UTC)


@pytest.mark.item(134)
async def test_a_mission_alone_is_an_expected_expense_and_with_the_attendance_an_element(office: "Office") -> None:
    await office.send()
    assert await office.elements() == []
    [expected] = (await office.get("/missions", status="expected"))["items"]
    assert (expected["mission"], expected["status_label"], expected["elements"]) == (
        str(office.mission), "présence attendue", [],
    )  # fmt: skip

    await office.hold(at=NEXT_DAY)

    found = await office.element()
    [known] = (await office.get("/missions", person=str(office.anna)))["items"]
    assert (known["status"], known["elements"]) == ("held", [found["id"]])
    assert (found["status"], found["amount"], found["month"], found["late"]) == ("ready", 6800, "2027-02", False)
    assert [(line["kind"], line["quantity"], line["amount"]) for line in found["lines"]] == [
        ("kilometre", 150, 4800), ("meal", 1, 2000),
    ]  # fmt: skip
    assert [kind for kind, _ in await office.told()] == ["campaign_scheduled", "element_established", "element_placed"]


async def test_the_attendance_may_be_heard_before_the_mission(office: "Office") -> None:
    await office.hold(at=NEXT_DAY)
    assert await office.elements() == []

    await office.send()

    found = await office.element()
    assert (found["status"], found["amount"], found["month"]) == ("ready", 6800, "2027-02")
    assert datetime.fromisoformat(found["completed_at"]) == NEXT_DAY


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["mission first", "attendance first"])
async def test_a_mission_and_its_attendance_heard_at_the_same_time_meet(
    office: "Office", order: tuple[int, int]
) -> None:
    """Two replicas hear them: the one that comes second waits for the other and sees what it wrote.

    Here the attendance is a correction: before it nobody had come.
    """
    table = office.served.inbox.table
    facts = [
        Fact(id=uuid7(), type=e.ce_type, stream=e.stream, academie="09", academies=("09",), version=1, time=NEXT_DAY,
             correlation="", causation=None, event=e)
        for e in (issued(), held())
    ]  # fmt: skip
    started = asyncio.Event()

    async def hear(fact: Fact[Any], *, slow: bool) -> None:
        async with office.served.db.batch(office.served.settings.academies) as tx:
            for handler in table.of(type(fact.event)):
                await handler.run(tx, fact)
            if slow:
                started.set()
                await asyncio.sleep(0.2)

    await office.hold(at=NEXT_DAY, present=())
    slow = asyncio.create_task(hear(facts[order[0]], slow=True))
    await started.wait()
    await hear(facts[order[1]], slow=False)
    await slow

    assert (await office.element())["status"] == "ready"


async def test_attendance_in_another_academie_makes_no_element(office: "Office") -> None:
    await office.send()
    await office.hear(held(), at=NEXT_DAY, academie="20")

    assert await office.elements() == []


async def test_the_same_records_again_change_nothing(office: "Office") -> None:
    records = [office.served.record(event, time=NEXT_DAY) for event in (issued(), held())]
    await office.served.apply(records)
    before, told = await office.element(), await office.told()

    await office.served.apply(records)
    await office.compute()

    assert (await office.element(), await office.told()) == (before, told)


async def test_whoever_did_not_come_has_an_element_held_for_want_of_attendance(office: "Office") -> None:
    await office.send()
    await office.hold(at=NEXT_DAY, present=())

    found = await office.element()
    assert (found["status"], found["amount"], found["campaign"]) == ("held", 0, None)
    assert found["controls"] == [
        {"name": "no-attendance", "label": "Présence non constatée", "released_by_hand": False}
    ]
    [(_, told)] = await office.told("element_held")
    assert told["controls"] == ["no-attendance"]


async def test_a_corrected_attendance_computes_the_element_again(office: "Office") -> None:
    await office.send()
    await office.hold(at=NEXT_DAY, present=())
    await office.hold(at=datetime(2027, 2, 4, 9, tzinfo=UTC), present=("am",))

    found = await office.element()
    assert (found["status"], found["amount"], found["rank"]) == ("ready", 4800, 1)

    await office.hold(at=datetime(2027, 2, 5, 9, tzinfo=UTC))
    assert (await office.element())["amount"] == 6800


async def test_a_cancelled_mission_holds_what_was_established(office: "Office") -> None:
    await office.send()
    await office.hold(at=NEXT_DAY)
    await office.hear(cancelled(), at=datetime(2027, 2, 4, 9, tzinfo=UTC))

    found = await office.element()
    assert (found["status"], [c["name"] for c in found["controls"]]) == ("held", ["mission-cancelled"])
    assert (found["campaign"], found["month"]) == (None, "")


async def test_a_mission_cancelled_before_its_meeting_was_held_is_held_with_that_reason(office: "Office") -> None:
    await office.send()
    await office.hear(cancelled(), at=datetime(2027, 2, 1, 9, tzinfo=UTC))
    assert await office.elements() == []
    assert [each["status"] for each in (await office.get("/missions"))["items"]] == ["cancelled"]

    await office.hold(at=NEXT_DAY)

    assert [c["name"] for c in (await office.element())["controls"]] == ["mission-cancelled"]


async def test_two_missions_on_the_same_half_day_hold_each_other_until_one_is_cancelled(office: "Office") -> None:
    other = UUID(int=0x102)
    await office.send()
    await office.hold(at=NEXT_DAY)
    await office.send(subject=other, number="09-OM-2027-000018", meeting=UUID(int=0x201))
    await office.hold(at=NEXT_DAY, meeting=UUID(int=0x201))
    assert [[c["name"] for c in each["controls"]] for each in await office.elements()] == [
        ["two-missions-same-half-day"], ["two-missions-same-half-day"],
    ]  # fmt: skip

    await office.hear(cancelled(other), at=NEXT_DAY)

    found = {each["mission"]: each["status"] for each in await office.elements()}
    assert found == {str(office.mission): "ready", str(other): "held"}


async def test_kilometres_of_the_year_count_in_the_order_of_the_missions(office: "Office") -> None:
    """The later mission was known first: the earlier one takes the cheaper kilometres all the same."""
    await office.ask("PATCH", "/academies/09/distances", {"distances": [
        {"commune": office.lille, "other": office.dunkerque, "kilometres": 900},
    ]})  # fmt: skip
    later = UUID(int=0x102)
    await office.send(subject=later, meeting=UUID(int=0x201), day=date(2027, 2, 9))
    await office.hold(at=NEXT_DAY, meeting=UUID(int=0x201), day=date(2027, 2, 9))
    assert (await office.element())["lines"][0]["amount"] == 1800 * 32

    await office.send()
    await office.hold(at=NEXT_DAY)

    assert [each["lines"][0]["amount"] for each in await office.elements()] == [1800 * 32, 200 * 32 + 1600 * 40]


@pytest.mark.parametrize(
    ("commune", "reason"),
    [("59350", "residence-commune"), ("59009", "adjoining-residence")],
)
async def test_nothing_is_due_at_home_or_next_door_and_the_reason_is_shown(
    office: "Office", commune: str, reason: str
) -> None:
    await office.send(commune=commune)
    await office.hold(at=NEXT_DAY)

    found = await office.element()
    assert (found["status"], found["amount"], found["not_due"]) == ("nothing-due", 0, reason)
    assert found["not_due_label"].startswith("Mission dans")
    [(_, told)] = await office.told("nothing_due")
    assert told["reason"] == reason


async def test_what_is_not_known_holds_it_and_releases_it_once_it_is(bare: "Office") -> None:
    await bare.schedule(bare.february)
    await bare.send()
    await bare.hold(at=NEXT_DAY)
    assert [c["name"] for c in (await bare.element())["controls"]] == [
        "identity-unknown", "school-unknown", "residence-unknown",
    ]  # fmt: skip

    await bare.hear(school(bare.college, bare.lille), person(bare.anna, "Martel", "Anna"))
    await bare.compute()
    assert [c["name"] for c in (await bare.element())["controls"]] == [
        "residence-unknown", "adjacency-unknown",
    ]  # fmt: skip
    bare.at(2027, 2, 5, 9)
    await bare.enter_places()
    assert (await bare.enter(bare.anna)).status_code == 201
    await bare.compute()

    found = await bare.element()
    assert (found["status"], found["amount"], found["month"]) == ("ready", 6800, "2027-02")
    assert datetime.fromisoformat(found["completed_at"]) == datetime(2027, 2, 5, 9, tzinfo=UTC)
    assert [kind for kind, _ in await bare.told("element_established", "element_placed")] == [
        "element_established", "element_placed",
    ]  # fmt: skip


async def test_an_element_says_where_it_comes_from_across_the_services(office: "Office") -> None:
    records = [office.served.record(event, time=NEXT_DAY) for event in (issued(), held(present=("am",)))]
    await office.served.apply(records)
    facts = [dict(record.headers)["ce_id"].decode() for record in records]
    found = await office.element()

    origin = await office.get(f"/elements/{found['id']}/origin")

    assert origin == {
        "element": found["id"],
        "mission": str(office.mission),
        "number": "09-OM-2027-000017",
        "mission_fact": facts[0],
        "cancelling": None,
        "meeting": str(office.meeting),
        "attendance_fact": facts[1],
        "attended": [{"day": "2027-02-02", "half": "am"}],
        "candidature": str(UUID(int=0x300)),
        "avis": str(UUID(int=0x400)),
        "corrects": [],
    }


async def test_lists_are_filtered_and_read_page_by_page(office: "Office") -> None:
    for number in range(3):
        day = date(2027, 2, 2 + number)
        meeting = UUID(int=0x200 + number)
        await office.send(subject=UUID(int=0x100 + number), meeting=meeting, day=day)
        await office.hold(at=NEXT_DAY, meeting=meeting, day=day, present=() if number == 1 else ("am",))

    first = await office.get("/elements", limit=2)
    rest = await office.get("/elements", limit=2, cursor=first["next"])

    assert [each["day"] for each in first["items"] + rest["items"]] == ["2027-02-02", "2027-02-03", "2027-02-04"]
    assert rest["next"] is None
    counts = [
        len(await office.elements(**query))
        for query in (
            {"status": "held"}, {"control": "no-attendance"}, {"month": "2027-02"}, {"late": False},
            {"campaign": str(office.campaign)}, {"person": str(office.bruno)}, {"mission": str(office.mission)},
            {"academie": "20"},
        )
    ]  # fmt: skip
    assert counts == [1, 1, 2, 3, 2, 0, 1, 0]


async def test_the_list_is_a_file_too_and_reading_it_leaves_a_trace(office: "Office") -> None:
    await office.send()
    await office.hold(at=NEXT_DAY)

    answer = await office.ask("GET", "/elements.csv", status="ready")

    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Ordre de mission;Jour;Personne")
    assert lines[1].startswith(
        f"09-OM-2027-000017;02/02/2027;{office.anna};{office.college};59183;09105;établi;;;68,00"
    )
    assert ("elements-listed",) in await office.rows("SELECT action FROM audit")
