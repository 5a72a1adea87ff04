"""A command asks the database four times: begin, lock and load, write, commit."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.service.counting import Commands, Route, count

if TYPE_CHECKING:
    from tests.service.payroll.conftest import Office

NEXT_DAY = datetime(2027, 2, 3, 9, tzinfo=UTC)
MEAL = {"kind": "meal", "mills": 21_000, "valid_from": "2027-01-01", "source": "arrêté du 15 mars 2027"}
ROOT = "/v1/payroll"
ACADEMIE, CAMPAIGN = f"{ROOT}/academies/{{academie:str}}", f"{ROOT}/campaigns/{{campaign:uuid}}"
SCHEDULE: Route = ("POST", f"{ROOT}/campaigns")
MOVE: Route = ("PATCH", CAMPAIGN)
LOCK: Route = ("POST", f"{CAMPAIGN}/lock")
EXPORT: Route = ("POST", f"{CAMPAIGN}/exports")
ACKNOWLEDGE: Route = ("POST", f"{ROOT}/exports/{{export:uuid}}/acknowledgement")
RELEASE: Route = ("POST", f"{ROOT}/elements/{{element:uuid}}/release")
ENTER: Route = ("PUT", f"{ACADEMIE}/travellers/{{person:uuid}}")
DISTANCES: Route = ("PATCH", f"{ACADEMIE}/distances")
ADJOINING: Route = ("PUT", f"{ACADEMIE}/communes/{{commune:str}}/adjoining")
ADJACENCIES: Route = ("POST", f"{ACADEMIE}/adjacencies")
RATE: Route = ("POST", f"{ACADEMIE}/rates")
APPLY: Route = ("POST", f"{ROOT}/rates/{{rate:uuid}}/application")
RULES: Route = ("PUT", f"{ACADEMIE}/rules")
COLUMNS: Route = ("PUT", f"{ACADEMIE}/columns")
COUNTED = frozenset(
    {SCHEDULE, MOVE, LOCK, EXPORT, ACKNOWLEDGE, RELEASE, ENTER, DISTANCES, ADJOINING, ADJACENCIES, RATE, APPLY}
    | {RULES, COLUMNS}
)


async def held_over_the_ceiling(office: "Office") -> dict[str, Any]:
    rules = (await office.get("/academies/09/rules"))["rules"]
    await office.ask("PUT", "/academies/09/rules", {**rules, "ceiling": 100}, if_match='"0"')
    await office.send()
    await office.hold(at=NEXT_DAY)
    return await office.element()


async def load(office: "Office") -> httpx.Response:
    async with office.as_office() as client:
        return await client.post(
            f"{ROOT}/academies/09/adjacencies", content=b"commune;limitrophe\n59178;59009\n",
            headers={"Content-Type": "text/csv"},
        )  # fmt: skip


async def acknowledge(office: "Office") -> httpx.Response:
    export = (await office.get("/exports"))["items"][0]["id"]
    return await office.ask("POST", f"/exports/{export}/acknowledgement", {"others": "acknowledged"})


async def test_what_the_coordination_enters_is_four_round_trips_each(office: "Office") -> None:
    rate = (await office.ask("POST", "/academies/09/rates", MEAL)).json()["id"]
    pair = {"commune": "62041", "other": office.lille, "kilometres": 50}
    rules = (await office.get("/academies/09/rules"))["rules"]
    near = "/academies/09/communes/62041/adjoining"
    commands: Commands = [
        (ENTER, lambda: office.enter(office.anna, vehicle="none", horsepower=None, if_match='"1"')),
        (DISTANCES, lambda: office.ask("PATCH", "/academies/09/distances", {"distances": [pair]})),
        (ADJOINING, lambda: office.ask("PUT", near, {"communes": [office.lille]})),
        (ADJACENCIES, lambda: load(office)),
        (RATE, lambda: office.ask("POST", "/academies/09/rates", MEAL)),
        (APPLY, lambda: office.ask("POST", f"/rates/{rate}/application", if_match='"1"')),
        (RULES, lambda: office.ask("PUT", "/academies/09/rules", rules, if_match='"0"')),
    ]

    assert max(await count(office.served, commands)) == 4


async def test_a_campaign_from_its_schedule_to_its_answer_is_four_round_trips_each(office: "Office") -> None:
    held = await held_over_the_ceiling(office)
    moved = {"opens_on": "2027-01-12", "cut_off": "2027-02-09", "pays_on": "2027-02-26", "reason": "avancée"}
    columns = (await office.get("/academies/09/columns"))["columns"]
    coded = [{**c, "pay_code": "1" if c["pay_code"] else None} for c in columns]
    campaign = f"/campaigns/{office.campaign}"
    commands: Commands = [
        (SCHEDULE, lambda: office.ask("POST", "/campaigns", {"academie": "09", **office.march})),
        (MOVE, lambda: office.ask("PATCH", campaign, moved, if_match='"1"')),
        (COLUMNS, lambda: office.ask("PUT", "/academies/09/columns", {"columns": coded}, if_match='"0"')),
        (RELEASE, lambda: office.release(held)),
        (LOCK, lambda: office.ask("POST", f"{campaign}/lock")),
        (EXPORT, lambda: office.ask("POST", f"{campaign}/exports")),
        (EXPORT, lambda: office.ask("POST", f"{campaign}/exports")),  # it was made already
        (ACKNOWLEDGE, lambda: acknowledge(office)),
    ]

    assert max(await count(office.served, commands)) == 4


@pytest.mark.parametrize("times", [1, 2])
async def test_a_command_said_twice_is_done_once(office: "Office", times: int) -> None:
    async with office.as_office() as client:
        for _ in range(times):
            answer = await client.post(
                "/v1/payroll/campaigns", json={"academie": "09", **office.march}, headers={"Idempotency-Key": "march"}
            )
            assert answer.status_code == 201

    assert len((await office.get("/campaigns"))["items"]) == 2
