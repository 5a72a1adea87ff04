"""What the office and the animateurs do asks the database four times: begin, lock and load, write, commit."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import httpx
import pytest
from tests.service.hr_networks.meetings.networks import Networks
from tests.service.hr_networks.test_a_command_is_four_round_trips import one_connection

Commands: TypeAlias = dict[str, Callable[[], Awaitable[httpx.Response]]]


@pytest.fixture
async def commands(networks: Networks) -> Commands:
    meeting = await networks.planned()
    afternoon = {"starts_at": "2008-02-05T14:00:00+01:00", "ends_at": "2008-02-05T16:00:00+01:00"}
    held = await networks.planned(**afternoon)

    async def hold() -> httpx.Response:
        networks.at(2008, 2, 6, 8)
        return await networks.hold(held, networks.came(half="pm"))

    async def correct() -> httpx.Response:
        networks.at(2008, 2, 6, 8)
        return await networks.hold(meeting, networks.came(networks.bruno), '"2"', reason="Absent.")

    async def plan() -> httpx.Response:
        return await networks.plan(starts_at="2008-02-06T09:00:00+01:00", ends_at="2008-02-06T12:00:00+01:00")

    return {
        "publish": networks.publish_charter,
        "activate": lambda: networks.activate(networks.roubaix),
        "plan": plan,
        "move": lambda: networks.move(meeting, place="Collège Matisse"),
        "cancel": lambda: networks.cancel(meeting),
        "hold": hold,
        "correct": correct,
    }


@pytest.mark.parametrize("name", ["publish", "activate", "plan", "move", "cancel", "hold", "correct"])
async def test_a_command_is_four_round_trips(networks: Networks, commands: Commands, name: str) -> None:
    if name == "correct":
        networks.at(2008, 2, 6, 8)
        [meeting] = [row[0] for row in await networks.rows("SELECT id FROM meeting WHERE morning")]
        await networks.hold(meeting, networks.came())
    async with one_connection(networks) as asked:
        async with networks.served.app.state.db.pool.acquire() as connection:
            await connection.fetchval("SELECT $1::text[]", [])  # as for uuid[]: asked once a connection
        asked.clear()
        answer = await commands[name]()

    assert answer.is_success, answer.text
    assert len(asked) <= 4, asked
    assert asked[0].startswith("BEGIN")
    assert asked[-1].endswith("COMMIT")
