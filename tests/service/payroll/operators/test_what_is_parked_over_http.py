"""An operator looks at what is parked and decides: replayed in order, discarded or given up; each decision once."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.service.common import probe
from tests.service.payroll.conftest import Office, cancelled, issued
from tests.service.payroll.operators.conftest import Operations

from common.contracts.training import FACTS
from common.tx import ENCODER


async def test_a_parked_record_is_shown_with_what_waits_behind_it(operations: Operations) -> None:
    parked = await operations.park_a_mission_and_its_end()

    shown = (await operations.ask("GET", f"/parking/{parked}")).json()

    assert (shown["academie"], shown["type"], shown["behind"]) == ("09", issued().ce_type, 1)
    assert (shown["body"], shown["attempts"], shown["version"]) == ("{not json", 1, 1)
    assert [(each["version"], each["type"], each["state"]) for each in shown["waiting"]] == [
        (2, cancelled().ce_type, "waiting")
    ]
    assert shown["headers"]["ce_aggregateversion"] == "1"
    assert "DecodeError" in shown["error"]


async def test_a_replay_lets_what_waited_go_on_in_order_and_is_audited(operations: Operations) -> None:
    parked = await operations.park_a_mission_and_its_end()
    await operations.mend(issued())

    answer = await operations.ask("POST", f"/parking/{parked}/replay")

    said = answer.json()
    assert (answer.status_code, said["result"], said["result_label"]) == (200, "applied", "appliqué")
    assert (said["versions"], said["already"]) == (1, False)
    assert await operations.missions() == [(Office.mission, True)]
    assert await operations.parked() == []
    [(academie, agent, detail)] = await operations.audited("parking.replayed")
    assert (academie, agent, detail["record"], detail["outcome"]) == ("09", UUID(int=0xE), parked, "applied")
    assert "system_user" not in detail


@pytest.mark.parametrize("key", ["twin", None], ids=["the same key", "another key"])
async def test_twice_is_once(operations: Operations, key: str | None) -> None:
    parked = await operations.park_a_mission_and_its_end()
    await operations.mend(issued())

    first = await operations.ask("POST", f"/parking/{parked}/replay", key=key)
    second = await operations.ask("POST", f"/parking/{parked}/replay", key=key)

    assert second.status_code == 200
    assert first.json() | {"already": key is None} == second.json()
    assert len(await operations.audited("parking.replayed")) == 1


async def test_two_operators_at_once_apply_it_once(operations: Operations) -> None:
    parked = await operations.park_a_mission_and_its_end()
    await operations.mend(issued())
    path = f"/parking/{parked}/replay"

    answers = await asyncio.gather(*(operations.ask("POST", path) for _ in range(4)))

    assert [answer.status_code for answer in answers] == [200] * 4
    assert sorted(answer.json()["already"] for answer in answers) == [False, True, True, True]
    assert len(await operations.audited("parking.replayed")) == 1


async def test_a_reaction_hears_nothing_from_before_its_beginning(operations: Operations) -> None:
    """As the consumer: the release that brought it began further on in the log."""
    parked = await operations.park_a_mission_and_its_end()
    await operations.mend(issued())
    later = "UPDATE infra.handler SET first = $1::jsonb WHERE name = 'expect_expense'"
    await probe.query(operations.served.urls, later, f'{{"{FACTS}": {{"0": 1000}}}}')

    applied = (await operations.ask("POST", f"/parking/{parked}/replay")).json()

    assert (applied["result"], await operations.missions()) == ("applied", [])


async def test_a_replay_that_fails_again_says_why_and_may_be_tried_again(operations: Operations) -> None:
    parked = await operations.park_a_mission_and_its_end()

    failed = (await operations.ask("POST", f"/parking/{parked}/replay")).json()
    await operations.mend(issued())
    applied = (await operations.ask("POST", f"/parking/{parked}/replay")).json()

    assert (failed["result"], "DecodeError" in failed["error"]) == ("parked", True)
    assert applied["result"] == "applied"
    assert await operations.missions() == [(Office.mission, True)]


async def test_a_key_is_replayed_without_the_others_and_all_with_them(operations: Operations) -> None:
    one, other = UUID(int=0x101), UUID(int=0x102)
    for mission in (one, other):
        await operations.park_a_mission_and_its_end(mission)
        await operations.mend(issued(subject=mission))

    of_one = await operations.ask("POST", "/parking/replay", {"subject": str(one), "stream": FACTS})
    assert ([each["result"] for each in of_one.json()["decisions"]], of_one.json()["next"]) == (["applied"], None)
    assert await operations.missions() == [(one, True)]

    everything = await operations.ask("POST", "/parking/replay", {"everything": True})
    assert [each["result"] for each in everything.json()["decisions"]] == ["applied"]
    assert await operations.missions() == [(one, True), (other, True)]


async def test_those_of_a_key_are_replayed_by_version_however_they_arrived(operations: Operations) -> None:
    await operations.arrive(cancelled(), 2, spoilt=True)
    await operations.mend(cancelled())
    await operations.arrive(issued(), 1, spoilt=True)
    repaired = "UPDATE infra.held SET payload = $1 WHERE version = 1"
    await operations.served.db.pool.execute(repaired, ENCODER.encode(issued()))

    answer = await operations.ask("POST", "/parking/replay", {"subject": str(Office.mission)})

    assert [each["result"] for each in answer.json()["decisions"]] == ["applied", "applied"]
    assert await operations.missions() == [(Office.mission, True)]


async def test_all_are_replayed_a_part_at_a_time(operations: Operations, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.parking_api.AT_ONCE", 2)
    for number in range(1, 6):
        await operations.arrive(issued(subject=UUID(int=number)), 1, spoilt=True)
        await operations.mend(issued(subject=UUID(int=number)))

    after: int | None = 0
    parts = []
    while after is not None:
        answer = (await operations.ask("POST", "/parking/replay", {"everything": True, "after": after})).json()
        parts.append(len(answer["decisions"]))
        after = answer["next"]

    assert parts == [2, 2, 1]
    assert len(await operations.missions()) == 5


async def test_a_discarded_record_is_passed_over_with_its_reason(operations: Operations) -> None:
    parked = await operations.park_a_mission_and_its_end()
    wish = {"reason": "ordre de mission saisi deux fois"}

    said = [(await operations.ask("POST", f"/parking/{parked}/discard", wish)).json() for _ in range(2)]

    assert [(each["result"], each["versions"], each["already"]) for each in said] == [
        ("discarded", 1, False), ("discarded", 1, True)
    ]  # fmt: skip
    assert (await operations.missions(), await operations.parked()) == ([], [])
    assert [detail["record"] for _, _, detail in await operations.audited("parking.discarded")] == [parked]
    assert await operations.office.rows("SELECT reason FROM audit_reason") == [(wish["reason"],)]


async def test_one_decision_excludes_the_other(operations: Operations) -> None:
    parked = await operations.park_a_mission_and_its_end()
    await operations.mend(issued())
    await operations.ask("POST", f"/parking/{parked}/replay")

    refused = await operations.ask("POST", f"/parking/{parked}/discard", {"reason": "trop tard"})

    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/decided-otherwise")


async def test_a_record_discarded_before_its_turn_is_not_replayed(operations: Operations) -> None:
    await operations.arrive(issued(), 2, spoilt=True)
    [held] = await operations.parked()
    await operations.ask("POST", f"/parking/{held['id']}/discard", {"reason": "sans objet"})

    refused = await operations.ask("POST", f"/parking/{held['id']}/replay")

    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/decided-otherwise")


async def test_a_gap_that_nobody_will_fill_is_given_up_once(operations: Operations) -> None:
    await operations.arrive(issued(), 3)
    wish = {"stream": FACTS, "subject": str(Office.mission), "reason": "perdu avec le courtier"}

    said = [(await operations.ask("POST", "/parking/gaps", wish)).json() for _ in range(2)]

    assert [(each["result"], each["versions"], each["already"]) for each in said] == [
        ("given-up", 2, False), ("given-up", 2, True)
    ]  # fmt: skip
    assert await operations.missions() == [(Office.mission, False)]
    assert len(await operations.audited("parking.gap_given_up")) == 1


async def test_there_is_no_gap_where_nothing_waits(operations: Operations) -> None:
    wish = {"stream": FACTS, "subject": str(Office.mission), "reason": "par erreur"}

    refused = await operations.ask("POST", "/parking/gaps", wish)

    assert (refused.status_code, refused.json()["type"]) == (404, "/problems/unknown-gap")


@pytest.mark.parametrize("record", [0, 7, 2**63 - 1, 2**63, 10**30])
async def test_a_record_that_was_never_held_is_unknown(operations: Operations, record: int) -> None:
    shown = await operations.ask("GET", f"/parking/{record}")
    replayed = await operations.ask("POST", f"/parking/{record}/replay")

    assert (shown.status_code, shown.json()["type"]) == (404, "/problems/unknown-held-record")
    assert (replayed.status_code, replayed.json()["type"]) == (404, "/problems/unknown-held-record")


@pytest.mark.parametrize(
    ("path", "wish", "pointer"),
    [
        ("/parking/{}/discard", {}, "/reason"),
        ("/parking/{}/discard", {"reason": "  "}, "/reason"),
        ("/parking/gaps", {"stream": FACTS, "subject": str(Office.mission)}, "/reason"),
        ("/parking/gaps", {"stream": "bassin.payroll", "subject": str(Office.mission), "reason": "r"}, "/stream"),
        ("/parking/replay", {}, ""),
        ("/parking/replay", {"everything": True, "subject": str(Office.mission)}, ""),
        ("/parking/replay", {"everything": True, "after": 2**63}, "/after"),
    ],
)
async def test_a_wish_without_what_it_needs_is_malformed(
    operations: Operations, path: str, wish: dict[str, Any], pointer: str
) -> None:
    parked = await operations.park_a_mission_and_its_end()

    refused = await operations.ask("POST", path.format(parked), wish)

    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


async def test_the_list_is_filtered_and_paged(operations: Operations) -> None:
    parked = await operations.park_a_mission_and_its_end()
    await operations.arrive(issued(subject=UUID(int=0x900)), 1, academie="20", spoilt=True)
    everywhere = operations.operator("09", "20")
    tomorrow = str((await operations.office.rows("SELECT current_date"))[0][0] + timedelta(days=1))

    async def found(**query: Any) -> int:
        return len(await operations.parked(everywhere, **query))

    assert [await found(), await found(state="waiting"), await found(state="parked")] == [3, 1, 2]
    assert [await found(academie="20"), await found(subject=str(Office.mission))] == [1, 2]
    assert [await found(type=cancelled().ce_type), await found(error="decodeerror")] == [1, 2]
    assert [await found(stream=FACTS), await found(stream="bassin.territory")] == [3, 0]
    assert [await found(since="2026-01-01"), await found(since=tomorrow)] == [3, 0]
    first = (await operations.ask("GET", "/parking", who=everywhere, limit=1)).json()
    rest = await operations.parked(everywhere, cursor=first["next"])
    assert ([each["id"] for each in first["items"]], len(rest)) == ([parked], 2)


async def test_a_process_of_another_release_applies_nothing(operations: Operations) -> None:
    parked = await operations.park_a_mission_and_its_end()
    registered = "INSERT INTO infra.handler VALUES ('brought_by_the_next_release', 'reaction', '{}', now())"
    await probe.query(operations.served.urls, registered)

    refused = await operations.ask("POST", f"/parking/{parked}/replay")

    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/other-release")
    assert refused.headers["Retry-After"] == "60"
