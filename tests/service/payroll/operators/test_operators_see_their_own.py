"""Each operator sees and decides what is of his académies; what nobody can place, who runs them all."""

import dataclasses

import pytest
from tests.service.payroll.conftest import Office, issued
from tests.service.payroll.operators.conftest import Operations

from common.contracts.training import FACTS
from common.identity import Role


async def test_an_operator_of_another_academie_is_told_of_nothing(operations: Operations) -> None:
    parked = await operations.park_a_mission_and_its_end()
    amiens, why = operations.operator("20"), {"reason": "pas le mien"}
    gap = {"stream": FACTS, "subject": str(Office.mission), **why}

    assert await operations.parked(amiens) == []
    for answer in (
        await operations.ask("GET", f"/parking/{parked}", who=amiens),
        await operations.ask("POST", f"/parking/{parked}/replay", who=amiens),
        await operations.ask("POST", f"/parking/{parked}/discard", why, who=amiens),
        await operations.ask("POST", "/parking/gaps", gap, who=amiens),
    ):
        assert answer.status_code == 404, answer.text
    all_of_his = await operations.ask("POST", "/parking/replay", {"everything": True}, who=amiens)
    assert all_of_his.json() == {"decisions": [], "next": None}


async def test_what_was_decided_is_not_told_to_another_academie_either(operations: Operations) -> None:
    parked = await operations.park_a_mission_and_its_end()
    await operations.ask("POST", f"/parking/{parked}/discard", {"reason": "sans objet"})

    answer = await operations.ask(
        "POST", f"/parking/{parked}/discard", {"reason": "aussi"}, who=operations.operator("20")
    )

    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-held-record")


async def test_a_record_of_nobody_knows_which_academie_is_for_who_runs_all(operations: Operations) -> None:
    await operations.arrive_without_headers()
    everywhere, why = operations.operator("09", "20"), {"reason": "illisible"}

    assert await operations.parked() == []
    [unreadable] = await operations.parked(everywhere)
    path = f"/parking/{unreadable['id']}"
    assert (await operations.ask("GET", path)).status_code == 404
    refused = await operations.ask("POST", f"{path}/replay", who=everywhere)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/record-without-headers")
    assert (await operations.ask("POST", f"{path}/discard", why)).status_code == 404
    said = [(await operations.ask("POST", f"{path}/discard", why, who=everywhere)).json() for _ in range(2)]
    assert [(each["result"], each["already"]) for each in said] == [("discarded", False), ("discarded", True)]
    assert await operations.parked(everywhere) == []


async def test_a_record_that_only_pretends_to_be_of_an_academie_is_for_who_runs_all(operations: Operations) -> None:
    record = operations.served.record(issued(), version=1)
    pretending = tuple((n, b"/academies/20/training" if n == "ce_source" else v) for n, v in record.headers)
    await operations.served.apply([dataclasses.replace(record, headers=pretending)])

    assert await operations.parked() == []
    [found] = await operations.parked(operations.operator("09", "20"))
    assert (found["academie"], found["type"]) == (None, issued().ce_type)


@pytest.mark.parametrize("role", [role for role in Role if role in (Role.COORDINATION_PAYE, Role.PROTECTION_DONNEES)])
async def test_nobody_else_may_look_or_decide(operations: Operations, role: Role) -> None:
    who = operations.office.agent(role, "09")

    assert (await operations.ask("GET", "/parking", who=who)).status_code == 403
    assert (await operations.ask("POST", "/parking/1/replay", who=who)).status_code == 403


async def test_an_operator_of_no_academie_that_is_served_here_is_refused(operations: Operations) -> None:
    answer = await operations.ask("GET", "/parking", who=operations.operator("17"))

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-yours")
