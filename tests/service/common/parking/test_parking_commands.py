"""`bassin parking`, `consumer` and `lost` as an operator types them: what is asked, what is said, and what is done."""

import asyncio
import os
import pwd
import signal
import subprocess
import sys
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from tests.service.common import probe
from tests.service.common.parking.conftest import RUBBISH, Scene
from tests.service.common.probe import LISTENER
from tests.service.common.terminal import Operator

from common.contracts.hr_networks import FACTS, PersonLinked


async def test_an_operator_replays_all_and_is_told_of_each_that_stays(scene: Scene, operator: Operator) -> None:
    subject = uuid4()
    await scene.arrive(uuid4(), 1, RUBBISH, readable=False)
    await scene.arrive(subject, 1, RUBBISH)
    unreadable, parked = await scene.parked()

    code, out, _ = await operator("parking", "replay", LISTENER, "--all")

    assert code == 1
    first, second = out.splitlines()
    assert first == (
        f"{unreadable}: it has no readable headers: bassin parking discard training {unreadable} --reason WHY"
    )
    assert second.startswith(f"{parked}: fr.bassin.hr_networks.person_linked.v1: DecodeError")
    assert await scene.parked() == [unreadable, parked]
    assert (await operator("parking", "discard", LISTENER, str(unreadable), "--reason", "illisible"))[0] == 0
    await scene.mend(parked, subject)
    assert await operator("parking", "replay", LISTENER, "--all") == (0, "applied", "")
    assert parked not in await scene.parked()


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (("parking", "replay", LISTENER), "say which: RECORD ..., --key SUBJECT, or --all"),
        (("parking", "replay", LISTENER, "7"), "no record 7 is held in training: bassin parking list training"),
        (("parking", "show", LISTENER, "7"), "no record 7 is held in training: bassin parking list training"),
        (("parking", "discard", LISTENER, "--reason", "r"), "say which: RECORD, or --gap SUBJECT --stream STREAM"),
        (
            ("parking", "discard", LISTENER, "--gap", str(UUID(int=1)), "--stream", "bassin.nulle", "--reason", "r"),
            "there is no stream bassin.nulle: ",
        ),
        (("parking", "list", "nulle"), "no service 'nulle': "),
        (("parking", "discard", LISTENER, "7", "--reason", " "), "--reason says why: it is kept in the audit"),
        (("parking", "replay", LISTENER, "7", "--stream", FACTS), "say which: RECORD ..., --key SUBJECT, or --all"),
    ],
)
async def test_an_operator_s_mistake_is_one_line_with_its_remedy(
    operator: Operator, asked: tuple[str, ...], line: str
) -> None:
    code, out, complaint = await operator(*asked)

    assert (code, out) == (2, "")
    assert complaint.startswith(line)
    assert "\n" not in complaint


@pytest.mark.parametrize(
    "asked", [("parking", "list"), ("lost", "list"), ("consumer", "resume"), ("audit", "verify")], ids=" ".join
)
async def test_a_database_that_is_away_is_one_line_with_its_remedy(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, ...]
) -> None:
    monkeypatch.setenv("BASSIN_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.setenv("BASSIN_ACADEMIES", "09,20")

    code, out, complaint = await operator(*asked, LISTENER)

    assert (code, out) == (3, "")
    assert complaint.startswith("the database of training cannot be used (ConnectionRefusedError): check BASSIN_")
    assert "\n" not in complaint


async def test_no_academie_named_is_one_line_with_its_remedy(
    operator: Operator, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASSIN_DATABASE_URL", scene.urls.app)
    monkeypatch.delenv("BASSIN_ACADEMIES", raising=False)

    assert (await operator("parking", "list", LISTENER))[2].endswith("BASSIN_ACADEMIES=09,20")


async def test_an_operator_lets_a_stopped_consumer_go_on(scene: Scene, operator: Operator) -> None:
    await probe.query(scene.urls, "INSERT INTO infra.consumer VALUES ($1, now(), 'too many parked')", LISTENER)

    code, said, _ = await operator("consumer", "resume", LISTENER)
    again = await operator("consumer", "resume", LISTENER)

    assert (code, said[:26], said[-17:]) == (0, "resumed; it had stopped at", ": too many parked")
    assert again == (0, "it was not stopped; the last time it had: too many parked", "")
    assert await scene.audited() == ["consumer.resumed"]


async def test_the_list_is_filtered_and_cut_and_says_so(scene: Scene, operator: Operator) -> None:
    subject = uuid4()
    await scene.arrive(subject, 1, RUBBISH)
    await scene.arrive(subject, 2)
    [parked] = await scene.parked()

    async def found(*filters: str) -> int:
        code, out, _ = await operator("parking", "list", LISTENER, "--json", *filters)
        assert code == 0
        return len(msgspec.json.decode(out))

    assert [await found(), await found("--state", "waiting"), await found("--error", "decodeERROR")] == [2, 1, 1]
    assert [await found("--academie", "09"), await found("--academie", "20")] == [2, 0]
    assert [await found("--type", PersonLinked.ce_type), await found("--type", "fr.bassin.other")] == [2, 0]
    assert [await found("--subject", str(subject)), await found("--subject", str(uuid4()))] == [2, 0]
    assert [await found("--since", "2020-01-01"), await found("--since", "2999-01-01")] == [2, 0]
    assert [await found("--stream", FACTS), await found("--after", str(parked))] == [2, 1]
    assert (await operator("parking", "list", LISTENER, "--limit", "1"))[2] == f"there are more: --after {parked}"


@pytest.mark.parametrize("asked", [("--limit", "0"), ("--limit", "-1"), ("--after", str(2**63)), ("--since", "hier")])
async def test_a_list_that_cannot_be_asked_for_is_refused(operator: Operator, asked: tuple[str, str]) -> None:
    code, out, complaint = await operator("parking", "list", LISTENER, *asked)

    assert (code, "Traceback" in out + complaint) == (2, False)


async def test_a_key_is_replayed_in_order_without_the_others(scene: Scene, operator: Operator) -> None:
    one, other = uuid4(), uuid4()
    for subject in (one, other):
        await scene.arrive(subject, 2, RUBBISH)
        await scene.arrive(subject, 1, RUBBISH)
    for record in await scene.parked():
        await scene.mend(record, one if record < 3 else other)

    code, out, _ = await operator("parking", "replay", LISTENER, "--key", str(one), "--stream", FACTS)

    assert (code, out) == (0, "applied")
    assert await scene.marks() == {one: 2, other: 0}
    assert await scene.parked() == [3, 4]


async def test_what_was_decided_before_is_said_and_not_done_again(scene: Scene, operator: Operator) -> None:
    one, other = uuid4(), uuid4()
    await scene.arrive(one, 1, RUBBISH)
    await scene.arrive(other, 1, RUBBISH)
    await scene.mend(1, one)
    discard = ("parking", "discard", LISTENER, "2", "--reason", "illisible")

    assert await operator("parking", "replay", LISTENER, "1") == (0, "applied", "")
    assert await operator("parking", "replay", LISTENER, "1") == (0, "1: it was applied before", "")
    assert [(await operator(*discard))[:2] for _ in range(2)] == [(0, "discarded"), (0, "it was discarded before")]
    assert await operator("parking", "replay", LISTENER, "2") == (
        1, "", "record 2 was discarded: there is nothing to replay"
    )  # fmt: skip
    assert await operator("parking", "discard", LISTENER, "1", "--reason", "trop tard") == (
        1, "", "record 1 was applied: there is nothing to discard"
    )  # fmt: skip
    assert await scene.audited() == ["parking.replayed", "parking.discarded"]


async def test_a_gap_is_given_up_once(scene: Scene, operator: Operator) -> None:
    subject = uuid4()
    await scene.arrive(subject, 3)
    gap = ("parking", "discard", LISTENER, "--gap", str(subject), "--stream", FACTS, "--reason", "perdu")
    none = ("parking", "discard", LISTENER, "--gap", str(uuid4()), "--stream", FACTS, "--reason", "perdu")

    assert [(await operator(*gap))[1] for _ in range(2)] == ["2 versions given up", "2 versions were given up before"]
    assert await operator(*none) == (0, "0 versions given up: nothing waits for a missing version of it", "")
    assert await scene.audited() == ["parking.gap_given_up"]


async def test_the_audit_names_the_user_of_the_machine(scene: Scene, operator: Operator) -> None:
    await scene.arrive(uuid4(), 1, RUBBISH)

    await operator("parking", "discard", LISTENER, "1", "--reason", "illisible")

    [line] = await probe.query(scene.urls, "SELECT academie, agent, detail FROM audit")
    detail = msgspec.json.decode(line["detail"])
    assert (line["academie"], line["agent"]) == ("09", None)
    assert (detail["system_user"], detail["record"]) == (pwd.getpwuid(os.getuid()).pw_name, 1)


async def test_a_projection_that_is_not_built_sleeps_through_a_replay(scene: Scene, operator: Operator) -> None:
    """It would hold this one record, and miss all those before it."""
    subject = uuid4()
    await scene.arrive(subject, 1, RUBBISH)
    await scene.mend(1, subject)
    await probe.query(scene.urls, "UPDATE infra.handler SET built_at = NULL WHERE name = 'linked'")

    assert await operator("parking", "replay", LISTENER, "1") == (0, "applied", "")

    assert await probe.query(scene.urls, "SELECT 1 FROM linked_person") == []


async def test_a_release_that_does_not_know_a_handler_applies_nothing(scene: Scene, operator: Operator) -> None:
    await scene.arrive(uuid4(), 1, RUBBISH)
    await probe.query(scene.urls, "INSERT INTO infra.handler VALUES ('of_the_next_release', 'reaction', '{}', now())")

    code, _, complaint = await operator("parking", "replay", LISTENER, "1")

    assert (code, complaint) == (
        3, "this release must not apply records of training: handlers of another release: of_the_next_release"
    )  # fmt: skip


# Whoever runs the tests in the background of a shell hands them a SIGINT that is ignored.
INTERRUPTIBLE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from common.cli import main
raise SystemExit(main())
"""


async def test_a_replay_of_all_that_is_interrupted_leaves_the_rest_as_it_was(scene: Scene, operator: Operator) -> None:
    """The second one waits for a lock that we hold; Ctrl-C comes then."""
    subjects = [uuid4(), uuid4()]
    for place, subject in enumerate(subjects, start=1):
        await scene.arrive(subject, 1, RUBBISH)
        await scene.mend(place, subject)
    bassin = (sys.executable, "-c", INTERRUPTIBLE)
    settings = {"BASSIN_DATABASE_URL": scene.urls.app, "BASSIN_ACADEMIES": "09"}
    holder = await asyncpg.connect(scene.urls.admin)
    try:
        async with holder.transaction():
            await holder.execute("SELECT 1 FROM infra.inbox WHERE subject = $1 FOR UPDATE", subjects[1])
            running = await asyncio.create_subprocess_exec(
                *bassin, "parking", "replay", LISTENER, "--all", env=os.environ | settings, stderr=subprocess.PIPE
            )
            await probe.eventually(scene.waits_for_a_lock)
            running.send_signal(signal.SIGINT)
            _, complaint = await running.communicate()
    finally:
        await holder.close()

    assert (running.returncode, complaint.decode().splitlines()[-1]) == (
        130,
        "stopped after 1 of 2: the rest is as it was",
    )
    assert await scene.marks() == {subjects[0]: 1, subjects[1]: 0}
    assert await scene.parked() == [2]


async def test_lost_facts_are_filtered(scene: Scene, operator: Operator) -> None:
    for number, academie in enumerate(("09", "20"), start=1):
        headers = msgspec.json.encode({"ce_type": f"fr.bassin.lost.{number}", "ce_academie": academie}).decode()
        kept = (UUID(int=number), UUID(int=1), number, headers)
        await probe.query(scene.urls, LOSE, *kept)

    async def found(*filters: str) -> list[int]:
        code, out, _ = await operator("lost", "list", LISTENER, "--json", *filters)
        assert code == 0
        return [each["version"] for each in msgspec.json.decode(out)]

    assert (await found(), await found("--academie", "20")) == ([1, 2], [2])
    assert await found("--type", "fr.bassin.lost.1") == [1]
    assert [await found("--since", "2020-01-01"), await found("--since", "2999-01-01T00:00:00+02:00")] == [[1, 2], []]
    assert "fr.bassin" in (await operator("lost", "list", LISTENER))[1]


LOSE = """
INSERT INTO infra.lost_fact (event_id, stream, partition, log_offset, subject, version, headers, payload)
VALUES ($1, 'bassin.training', 0, $3, $2, $3, $4, '{}')
"""
