"""However many papers a command issues, it asks the database four times: begin, hold and read, write, commit."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg

from common.db import Database

if TYPE_CHECKING:
    from tests.service.training.papers.conftest import Intersession

MEETING = "/meetings/00000000-0000-0000-0000-000000000500"


@asynccontextmanager
async def counted(inter: "Intersession") -> AsyncIterator[list[str]]:
    """All statements of the service on one connection, as they are asked."""
    asked: list[str] = []

    async def listening(connection: Any) -> None:
        await connection.fetchval("SELECT $1::uuid[]", [])  # asyncpg asks once a connection what an array is
        connection.add_query_logger(lambda query: asked.append(query.query))

    async def nothing_to_reset(_: object) -> None:
        """As in `common.db.connect`."""

    state = inter.play.served.app.state
    pool = await asyncpg.create_pool(
        inter.play.served.urls.app, min_size=1, max_size=1, init=listening, reset=nothing_to_reset
    )
    before, state.db = state.db, Database("training", pool, state.clock)
    try:
        yield asked
    finally:
        state.db = before
        await pool.close()


async def test_each_command_about_papers_is_four_round_trips(inter: "Intersession") -> None:
    await inter.plan()
    answers = {"uai": "0590003H", "answers": [{"person": str(inter.person("anna")), "granted": True}]}
    group, head = await inter.group(1), inter.play.head("0590003H")

    async with counted(inter) as asked:
        for who, path, wish in (
            (inter.office, f"{MEETING}/ordres-de-mission", None),
            (inter.office, f"{MEETING}/convocations", None),
            (head, f"{MEETING}/autorisations", answers),
            (inter.office, f"/sessions/{group}/convocations", None),
        ):
            asked.clear()
            await inter.post(who, path, wish)
            assert (len(asked), asked[-1].endswith("COMMIT")) == (4, True), (path, asked)
        paper = (await inter.papers(kind="OM"))[0]["id"]
        asked.clear()
        await inter.post(inter.office, f"/papers/{paper}/cancellation", {"reason": "Arrêt maladie."})
        assert len(asked) == 4, asked


async def test_an_attendance_and_a_recognition_are_four_round_trips(inter: "Intersession") -> None:
    await inter.followed(1)
    await inter.plan()
    inter.play.at(2008, 2, 6)
    await inter.hold()
    await inter.convene_group(2)
    inter.play.at(2008, 4, 8)

    async with counted(inter) as asked:
        assert (await inter.note(2)).status_code == 200
        written = [query for query in asked if query.startswith("BEGIN")]
        assert len(asked) == 4 + 3 * (len(written) - 1), (
            asked
        )  # the read of the offer and of the roll before it: 3 each
        for path, wish in (
            (f"/candidatures/{inter.candidatures['anna']}/recognition", None),
            (f"/candidatures/{inter.candidatures['anna']}/revocation", {"reason": "Présence contestée."}),
            (f"/offers/{inter.offer}/recognitions", None),
        ):
            asked.clear()
            await inter.post(inter.office, path, wish)
            assert len(asked) == 4, (path, asked)
