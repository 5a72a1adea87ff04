"""A stopped consumer is resumed, and what a restored database had forgotten is read, without reaching a database."""

from typing import Any
from uuid import UUID

import msgspec
from tests.service.common import probe
from tests.service.counting import Commands, Route, count
from tests.service.payroll.operators.conftest import ROOT, Operations

from common.identity import Agent

RESUME: Route = ("POST", f"{ROOT}/consumer/resume")
COUNTED = frozenset({RESUME})


async def test_a_stopped_consumer_is_resumed_once_and_says_why_it_had_stopped(operations: Operations) -> None:
    stopped = "INSERT INTO infra.consumer VALUES ('payroll', now(), 'more than 5 subjects parked within a minute')"
    await operations.served.db.pool.execute(stopped)

    before = (await operations.ask("GET", "/consumer")).json()
    said = [(await operations.ask("POST", "/consumer/resume")).json() for _ in range(2)]

    assert before["stopped_at"] is not None
    assert [each["resumed"] for each in said] == [True, False]
    assert [each["was"]["reason"] for each in said] == ["more than 5 subjects parked within a minute"] * 2
    assert (await operations.ask("GET", "/consumer")).json()["stopped_at"] is None
    [(academie, agent, detail)] = await operations.audited("consumer.resumed")
    assert (academie, agent, detail["stopped"]) == ("09", UUID(int=0xE), said[0]["was"]["reason"])


async def test_resuming_is_at_most_four_round_trips(operations: Operations) -> None:
    commands: Commands = [(RESUME, lambda: operations.ask("POST", "/consumer/resume"))]

    assert max(await count(operations.served, commands)) <= 4


async def test_lost_facts_are_listed_filtered_and_paged(operations: Operations) -> None:
    for number, academie in enumerate(("09", "09", "20"), start=1):
        await lose(operations, number, academie)
    everywhere = operations.operator("09", "20")

    async def found(who: Agent, **query: Any) -> list[int]:
        answer = await operations.ask("GET", "/lost-facts", who=who, **query)
        assert answer.status_code == 200, answer.text
        return [each["version"] for each in answer.json()["items"]]

    assert [await found(operations.operator("09")), await found(everywhere)] == [[1, 2], [1, 2, 3]]
    assert [await found(everywhere, academie="20"), await found(everywhere, type="fr.bassin.lost.2")] == [[3], [2]]
    assert [await found(everywhere, since="2026-01-01"), await found(everywhere, since="2999-01-01")] == [[1, 2, 3], []]
    first = (await operations.ask("GET", "/lost-facts", who=everywhere, limit=2)).json()
    assert first["items"][0]["body"] == {"amount": 1}
    assert await found(everywhere, cursor=first["next"]) == [3]


async def lose(operations: Operations, number: int, academie: str) -> None:
    """As a relay keeps a fact of its own that its database does not know."""
    headers = msgspec.json.encode({"ce_type": f"fr.bassin.lost.{number}", "ce_academie": academie}).decode()
    kept = (UUID(int=number), "bassin.payroll", 0, number, UUID(int=1), number, headers, b'{"amount":%d}' % number)
    row = ", ".join(f"${place}" for place in range(1, 9))
    columns = "event_id, stream, partition, log_offset, subject, version, headers, payload"
    await probe.query(operations.served.urls, f"INSERT INTO infra.lost_fact ({columns}) VALUES ({row})", *kept)
