"""A projection sleeps until it is built, a reaction begins where the release that brought it began."""

from uuid import uuid4

import asyncpg
import msgspec
from tests.service.common.conftest import Listen
from tests.service.common.listening import Listening
from tests.service.common.probe import LISTENER, fact, state

from common import roster
from common.contracts.hr_networks import FACTS
from common.handlers import HandlerKind
from common.migrate import register


async def names(listening: Listening) -> list[dict[str, int]]:
    return [dict(row) for row in await listening.query("SELECT name, version FROM probe_state ORDER BY name")]


async def test_a_projection_that_is_not_built_sleeps_while_marks_move_on(listen: Listen) -> None:
    listening, ana = await listen(), uuid4()
    await listening.query("UPDATE infra.handler SET built_at = NULL WHERE name = 'people'")
    await listening.assign()

    await listening.send(state(ana, "Petit"), fact(ana, ana))

    assert (await names(listening), await listening.noted(ana), await listening.mark(ana)) == ([], [1], 1)


async def test_a_new_reaction_begins_where_its_release_began(listen: Listen) -> None:
    listening, ana = await listen(), uuid4()
    await listening.send(fact(ana, ana), fact(ana, ana))
    await listening.query("DELETE FROM infra.handler WHERE name = 'note'")
    await register(listening.urls.owner, LISTENER, {"note": HandlerKind.REACTION}, {FACTS: {0: 9, 1: 4}})

    [row] = await listening.query("SELECT first, built_at FROM infra.handler WHERE name = 'note'")

    assert msgspec.json.decode(row["first"])[FACTS] == {"0": 2, "1": 4}


async def test_a_reaction_does_not_hear_what_was_said_before_it_began(listen: Listen) -> None:
    listening, ana = await listen(), uuid4()
    await listening.query("UPDATE infra.handler SET first = $1 WHERE name = 'note'", '{"bassin.hr_networks": {"0": 2}}')
    await listening.assign()

    await listening.send(*(fact(ana, ana) for _ in range(4)))

    assert (await listening.noted(ana), await listening.mark(ana)) == ([3, 4], 4)


async def test_in_a_new_database_every_handler_begins_at_the_beginning(listen: Listen) -> None:
    listening = await listen()

    rows = await listening.query("SELECT first, built_at IS NOT NULL AS built FROM infra.handler")

    assert {(row["first"], row["built"]) for row in rows} == {("{}", True)}


async def test_a_new_projection_waits_to_be_built_where_the_service_listened_before(listen: Listen) -> None:
    listening = await listen()
    await listening.send(fact(uuid4(), uuid4()))

    await register(listening.urls.owner, LISTENER, {"later": HandlerKind.PROJECTION}, {})

    [row] = await listening.query("SELECT built_at FROM infra.handler WHERE name = 'later'")
    assert row["built_at"] is None


async def test_a_process_that_finds_a_handler_it_does_not_know_stays_away(listen: Listen) -> None:
    listening = await listen()
    await register(listening.urls.owner, LISTENER, {"of_the_next_release": HandlerKind.REACTION}, {})

    assert "of_the_next_release" in await roster.refusal(listening.inbox)


async def test_a_process_whose_handlers_no_migration_has_written_stays_away(listen: Listen) -> None:
    listening = await listen()
    await listening.query("DELETE FROM infra.handler WHERE name = 'note'")

    assert "note; run bassin provision training" in await roster.refusal(listening.inbox)


async def test_the_application_itself_cannot_register_a_handler(listen: Listen) -> None:
    listening = await listen()

    for statement in ("DELETE FROM infra.handler", "UPDATE infra.handler SET built_at = now()"):
        try:
            await listening.db.pool.execute(statement)
        except asyncpg.InsufficientPrivilegeError:
            continue
        raise AssertionError(statement)
