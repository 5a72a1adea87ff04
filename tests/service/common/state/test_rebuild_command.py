"""`bassin rebuild` as an operator types it: what differs is told, and a check switches nothing."""

import asyncpg
import pytest
from tests.service.common import probe
from tests.service.common.probe import LISTENER, PRODUCER
from tests.service.common.state.conftest import NOWHERE, State
from tests.service.common.terminal import Operator

from common.rebuild import LOCK

ASKED = ("rebuild", LISTENER, "territory")
NOBODY_S = "INSERT INTO bassin (academie, code, name, local_name) VALUES ('09', '09999', 'nulle part', '')"


async def bassins(scene: State) -> int:
    return len(await probe.query(scene.listener, "SELECT 1 FROM bassin"))


async def test_a_check_tells_what_a_switch_would_change_and_the_switch_does_it(
    scene: State, operator: Operator
) -> None:
    await probe.query(scene.listener, NOBODY_S)

    code, out, complaint = await operator(*ASKED, "--check")

    assert (code, complaint) == (1, "")
    assert "bassin academie=09 code=09999: only live" in out.splitlines()
    assert out.splitlines()[-1] == "compared only: the live tables are as they were"
    assert await bassins(scene) == 1
    assert (await operator(*ASKED))[0] == 0
    assert await bassins(scene) == 0
    assert (await operator(*ASKED, "--check"))[0] == 0


async def test_while_another_is_at_work_it_is_refused_in_one_line(scene: State, operator: Operator) -> None:
    other = await asyncpg.connect(scene.listener.owner)
    try:
        await other.execute("SELECT pg_advisory_lock($1)", LOCK)

        assert await operator(*ASKED) == (1, "", f"a rebuild of {LISTENER} is at work: wait for its end")
    finally:
        await other.close()


async def test_what_cannot_be_rebuilt_is_one_line(
    scene: State, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await operator("rebuild", PRODUCER, "nulle"))[0] == 2
    for name, value in (("DATABASE_URL", scene.listener.app), ("KAFKA", NOWHERE), ("ACADEMIES", "09")):
        monkeypatch.setenv(f"BASSIN_{name}", value)
    monkeypatch.setenv("BASSIN_OWNER_DATABASE_URL", scene.listener.owner)
    monkeypatch.setenv("BASSIN_MAINT_DATABASE_URL", scene.listener.maint)

    code, out, complaint = await operator(*ASKED)

    assert (code, out) == (3, "")
    assert complaint.startswith(f"the broker of {LISTENER} cannot be used (KafkaConnectionError): ")
    assert "\n" not in complaint
