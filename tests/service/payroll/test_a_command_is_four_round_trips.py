"""A command asks the database four times: begin, lock and load, write, commit."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
import pytest

from common.db import Database

if TYPE_CHECKING:
    from tests.service.payroll.conftest import Office

NEXT_DAY = datetime(2027, 2, 3, 9, tzinfo=UTC)
Commands = dict[str, Callable[[], Awaitable[httpx.Response]]]
MEAL = {"kind": "meal", "mills": 21_000, "valid_from": "2027-01-01", "source": "arrêté du 15 mars 2027"}


@asynccontextmanager
async def counted(office: "Office") -> AsyncIterator[list[str]]:
    """All statements of the service on a connection of its own."""
    asked: list[str] = []

    async def listening(connection: Any) -> None:
        await connection.fetchrow(
            "SELECT $1::uuid[], $2::text[], $3::int[]", [], [], []
        )  # what an array is, asked once
        connection.add_query_logger(lambda query: asked.append(query.query))

    async def nothing_to_reset(_: object) -> None:
        """As in `common.db.connect`."""

    pool = await asyncpg.create_pool(
        office.served.urls.app, min_size=1, max_size=1, init=listening, reset=nothing_to_reset
    )
    before, state = office.served.app.state.db, office.served.app.state
    state.db = Database("payroll", pool, state.clock)
    try:
        yield asked
    finally:
        state.db = before
        await pool.close()


async def held_over_the_ceiling(office: "Office") -> dict[str, Any]:
    rules = (await office.get("/academies/09/rules"))["rules"]
    await office.ask("PUT", "/academies/09/rules", {**rules, "ceiling": 100}, if_match='"0"')
    await office.send()
    await office.hold(at=NEXT_DAY)
    return await office.element()


async def test_a_command_is_four_round_trips(office: "Office") -> None:
    held = await held_over_the_ceiling(office)
    rate = (await office.ask("POST", "/academies/09/rates", MEAL)).json()["id"]
    places, person = "/academies/09/communes/62041/adjoining", office.anna
    pair = {"commune": "62041", "other": office.lille, "kilometres": 50}
    moved = {"opens_on": "2027-01-12", "cut_off": "2027-02-09", "pays_on": "2027-02-26", "reason": "avancée"}
    rules = (await office.get("/academies/09/rules"))["rules"]
    columns = (await office.get("/academies/09/columns"))["columns"]
    coded = [{**c, "pay_code": "1" if c["pay_code"] else None} for c in columns]
    commands: Commands = {
        "schedule": lambda: office.ask("POST", "/campaigns", {"academie": "09", **office.march}),
        "move": lambda: office.ask("PATCH", f"/campaigns/{office.campaign}", moved, if_match='"1"'),
        "enter": lambda: office.enter(person, vehicle="none", horsepower=None, if_match='"1"'),
        "distances": lambda: office.ask("PATCH", "/academies/09/distances", {"distances": [pair]}),
        "adjoining": lambda: office.ask("PUT", places, {"communes": [office.lille]}),
        "rate": lambda: office.ask("POST", "/academies/09/rates", MEAL),
        "apply": lambda: office.ask("POST", f"/rates/{rate}/application", if_match='"1"'),
        "rules": lambda: office.ask("PUT", "/academies/09/rules", rules, if_match='"1"'),
        "columns": lambda: office.ask("PUT", "/academies/09/columns", {"columns": coded}, if_match='"0"'),
        "release": lambda: office.release(held),
        "lock": lambda: office.ask("POST", f"/campaigns/{office.campaign}/lock"),
        "export": lambda: office.ask("POST", f"/campaigns/{office.campaign}/exports"),
        "export again": lambda: office.ask("POST", f"/campaigns/{office.campaign}/exports"),
    }
    async with counted(office) as asked:
        found = {name: await round_trips(command, asked) for name, command in commands.items()}
        export = (await office.get("/exports"))["items"][0]["id"]
        path, wish = f"/exports/{export}/acknowledgement", {"others": "acknowledged"}
        found["acknowledge"] = await round_trips(lambda: office.ask("POST", path, wish), asked)

    assert {name: count for name, count in found.items() if count > 4} == {}
    assert len(found) == 14


async def round_trips(command: Callable[[], Awaitable[httpx.Response]], asked: list[str]) -> int:
    asked.clear()
    answer = await command()
    assert answer.is_success, answer.text
    assert asked[0].startswith("BEGIN")
    assert asked[-1].endswith("COMMIT")
    return len(asked)


@pytest.mark.parametrize("times", [1, 2])
async def test_a_command_said_twice_is_done_once(office: "Office", times: int) -> None:
    async with office.as_office() as client:
        for _ in range(times):
            answer = await client.post(
                "/v1/payroll/campaigns", json={"academie": "09", **office.march}, headers={"Idempotency-Key": "march"}
            )
            assert answer.status_code == 201

    assert len((await office.get("/campaigns"))["items"]) == 2
