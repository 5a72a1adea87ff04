"""A command asks the database four times at most: begin, lock and load, write, commit; many avis at once as well."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
import pytest

from common.db import Database

if TYPE_CHECKING:
    from tests.service.training.conftest import Training

COLLEGE_ROUBAIX, ROUBAIX = "0590003H", "09104"
Asked = list[str]
Commands = dict[str, Callable[[], Awaitable[httpx.Response]]]


@asynccontextmanager
async def counted(play: "Training") -> AsyncIterator[Asked]:
    """All statements of the service on one connection, as they are asked."""
    asked: Asked = []

    async def listening(connection: Any) -> None:
        for array in ("uuid", "text", "int", "date"):  # asyncpg asks once a connection what an array is
            await connection.fetchval(f"SELECT $1::{array}[]", [])
        connection.add_query_logger(lambda query: asked.append(query.query))

    async def nothing_to_reset(_: object) -> None:
        """As in `common.db.connect`."""

    pool = await asyncpg.create_pool(
        play.served.urls.app, min_size=1, max_size=1, init=listening, reset=nothing_to_reset
    )
    before, clock = play.served.app.state.db, play.served.app.state.clock
    play.served.app.state.db = Database("training", pool, clock)
    try:
        yield asked
    finally:
        play.served.app.state.db = before
        await pool.close()


@pytest.fixture
async def commands(play: "Training") -> Commands:
    names = ("anna", "bruno", "chloe", "david", "emma")
    await play.identify(COLLEGE_ROUBAIX, *names, "farid")
    drafted, published = await play.draft(), await play.publish()
    everyone = await play.supported(published, COLLEGE_ROUBAIX, *names[:3])
    waiting = [await play.applied(published, name) for name in names[3:]]
    groups = await play.groups(published, 1, 1)
    office, head = play.office(), play.head(COLLEGE_ROUBAIX)
    many = {"avis": [{"candidature": each, **play.avis()} for each in waiting]}

    async def anna(method: str, path: str, wish: Any) -> httpx.Response:
        return await play.ask(play.login("anna"), method, f"/candidatures/{everyone[0]}{path}", json=wish)

    return {
        "draft": lambda: play.ask(office, "POST", "/offers", json=play.offer()),
        "publish": lambda: play.ask(office, "POST", f"/offers/{drafted}/publication"),
        "quotas": lambda: play.ask(office, "PUT", f"/offers/{published}/quotas", json={}, headers={"If-Match": '"1"'}),
        "apply": lambda: play.ask(
            play.login("farid"), "POST", f"/offers/{published}/candidatures", json={"groups": groups, "submit": True}
        ),
        "groups": lambda: anna("PUT", "/groups", {"groups": groups}),
        "many avis": lambda: play.ask(head, "POST", "/avis", json=many),
        "withdraw": lambda: anna("POST", "/withdrawal", {}),
    }


async def test_a_command_is_four_round_trips(play: "Training", commands: Commands) -> None:
    async with counted(play) as asked:
        for name, command in commands.items():
            asked.clear()
            answer = await command()
            assert answer.is_success, answer.text
            assert len(asked) == (3 if name == "draft" else 4), (name, asked)
            assert (asked[0].startswith("BEGIN"), asked[-1].endswith("COMMIT")) == (True, True)


async def test_a_selection_a_promotion_and_its_acceptance_are_four_round_trips_each(play: "Training") -> None:
    names = ("anna", "bruno", "chloe", "david")
    await play.identify(COLLEGE_ROUBAIX, *names)
    published = await play.publish()
    anna, *_, david = await play.supported(published, COLLEGE_ROUBAIX, *names)
    play.at(2007, 12, 5)

    async with counted(play) as asked:
        for who, path, wish in (
            (play.office(), f"/offers/{published}/bassins/{ROUBAIX}/selection", {}),
            (play.login("anna"), f"/candidatures/{anna}/withdrawal", {}),
            (play.login("david"), f"/candidatures/{david}/acceptance", None),
        ):
            asked.clear()
            answer = await play.ask(who, "POST", path, json=wish)
            assert answer.is_success, answer.text
            assert len(asked) == 4, (path, asked)
