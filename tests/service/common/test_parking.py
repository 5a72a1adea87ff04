"""What an operator does with parked records: each goes on in order, with what waited behind it, or is given up."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import msgspec
import pytest
from aiokafka import ConsumerRecord
from tests.service.common import probe
from tests.service.common.probe import LILLE, LISTENER, fact

from common.batch import Outcome
from common.cli import main
from common.cli.reach import Run
from common.contracts.hr_networks import FACTS
from common.decided import Decision, Result, UnknownGap
from common.held import Wanted, held, show
from common.inbox import Inbox
from common.migrate import register
from common.parking import Desk
from common.service import load
from common.tx import ENCODER
from common.uuid7 import uuid7

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

RUBBISH = b"{not json"
PARKED = Wanted(state="parked")


class Scene:
    """One listener, and the topic it reads."""

    def __init__(self, inbox: Inbox, urls: "ServiceUrls") -> None:
        self.inbox, self.urls = inbox, urls
        self.offset = 0

    async def arrive(
        self, subject: UUID, version: int, value: bytes | None = None, *, readable: bool = True
    ) -> Outcome:
        body = ENCODER.encode(fact(subject, uuid4())) if value is None else value
        headers = {
            "ce_id": str(uuid7()),
            "ce_type": "fr.bassin.hr_networks.person_linked.v1",
            "ce_subject": str(subject),
            "ce_aggregateversion": str(version),
            "ce_academie": "09",
            "ce_source": "/academies/09/hr_networks",
            "ce_time": datetime.now(UTC).isoformat(),
        }
        record: ConsumerRecord[bytes | None, bytes | None] = ConsumerRecord(
            topic=FACTS,
            partition=0,
            offset=self.offset,
            timestamp=0,
            timestamp_type=0,
            key=str(subject).encode(),
            value=body,
            checksum=None,
            serialized_key_size=36,
            serialized_value_size=len(body),
            headers=tuple((name, text.encode()) for name, text in headers.items() if readable),
        )
        self.offset += 1
        self.inbox.positions.setdefault((FACTS, 0), 0)
        return await self.inbox.apply([record])

    async def applied(self) -> list[int]:
        return [version for _, version, _ in await probe.noted(self.urls)]

    async def parked(self) -> list[int]:
        return [record.id for record in await held(self.inbox, PARKED)]

    async def audited(self) -> list[str]:
        rows = await probe.query(self.urls, "SELECT action FROM audit ORDER BY id")
        return [row["action"] for row in rows]

    async def replay(self, record: int) -> Decision:
        async with self.inbox.db.batch(()) as tx:
            return await Desk(self.inbox, tx).replay(record)

    async def discard(self, record: int, reason: str) -> Decision:
        async with self.inbox.db.batch(()) as tx:
            return await Desk(self.inbox, tx).discard(record, reason)

    async def give_up(self, subject: UUID, reason: str) -> Decision:
        async with self.inbox.db.batch(()) as tx:
            return await Desk(self.inbox, tx).give_up(FACTS, subject, reason)

    async def mend(self, identifier: int, subject: UUID) -> None:
        """The producer's bug is understood and the body put right, as only an administrator can."""
        body = ENCODER.encode(fact(subject, uuid4()))
        await probe.query(self.urls, "UPDATE infra.held SET payload = $2 WHERE id = $1", identifier, body)


@pytest.fixture
async def scene(database: "Callable[[str], ServiceUrls]") -> AsyncIterator[Scene]:
    urls, table = database(LISTENER), probe.listener()
    await probe.lay_out(urls, table)
    async with probe.opened(LISTENER, urls) as db:
        yield Scene(Inbox(db, table, [LILLE]), urls)


async def test_a_parked_record_is_listed_and_shown_with_what_waits_behind_it(scene: Scene) -> None:
    subject = uuid4()
    await scene.arrive(subject, 1, RUBBISH)
    await scene.arrive(subject, 2)
    await scene.arrive(subject, 3)

    [parked] = await held(scene.inbox, PARKED)
    shown = await show(scene.inbox, parked.id)

    assert (parked.subject, parked.version, parked.behind) == (subject, 1, 2)
    assert shown is not None
    assert [(each.version, each.state) for each in shown.waiting] == [(2, "waiting"), (3, "waiting")]
    assert shown.body == "{not json"
    assert shown.headers["ce_aggregateversion"] == "1"
    assert "person_linked" in shown.error


async def test_a_replay_applies_it_and_what_waited_behind_it_in_order(scene: Scene) -> None:
    subject = uuid4()
    await scene.arrive(subject, 1, RUBBISH)
    await scene.arrive(subject, 3)
    await scene.arrive(subject, 2)
    [parked] = await scene.parked()
    await scene.mend(parked, subject)

    assert (await scene.replay(parked)).result is Result.APPLIED

    assert await scene.applied() == [1, 2, 3]
    assert await held(scene.inbox) == []
    assert await scene.audited() == ["parking.replayed"]


async def test_a_replay_that_fails_again_stays_parked_and_says_why(scene: Scene) -> None:
    subject = uuid4()
    await scene.arrive(subject, 1, RUBBISH)
    await scene.arrive(subject, 2)
    [parked] = await scene.parked()

    assert "person_linked" in (await scene.replay(parked)).error

    [again] = await held(scene.inbox, PARKED)
    assert (again.id, again.attempts) == (parked, 2)
    assert await scene.applied() == []


async def test_replaying_twice_applies_once(scene: Scene) -> None:
    subject = uuid4()
    await scene.arrive(subject, 1, RUBBISH)
    [parked] = await scene.parked()
    await scene.mend(parked, subject)
    await scene.replay(parked)

    again = await scene.replay(parked)

    assert (again.result, again.already) == (Result.APPLIED, True)
    assert await scene.applied() == [1]
    assert await scene.audited() == ["parking.replayed"]


async def test_a_record_replayed_before_its_turn_waits_for_it(scene: Scene) -> None:
    subject = uuid4()
    await scene.arrive(subject, 2, RUBBISH)
    [parked] = await scene.parked()
    await scene.mend(parked, subject)

    await scene.replay(parked)
    assert await scene.applied() == []

    await scene.arrive(subject, 1)
    assert await scene.applied() == [1, 2]


async def test_a_discarded_record_is_passed_over_and_what_waited_goes_on(scene: Scene) -> None:
    subject = uuid4()
    await scene.arrive(subject, 1, RUBBISH)
    await scene.arrive(subject, 2)
    [parked] = await scene.parked()

    await scene.discard(parked, "corps illisible, sans conséquence")

    assert await scene.applied() == [2]
    assert await held(scene.inbox) == []
    assert await scene.audited() == ["parking.discarded"]


async def test_a_record_discarded_before_its_turn_is_passed_over_only_then(scene: Scene) -> None:
    subject = uuid4()
    await scene.arrive(subject, 2, RUBBISH)
    await scene.arrive(subject, 3)
    [parked] = await scene.parked()

    await scene.discard(parked, "corps illisible")
    assert await scene.applied() == []

    await scene.arrive(subject, 1)
    assert await scene.applied() == [1, 3]


async def test_a_gap_that_nobody_will_fill_is_given_up_with_a_reason(scene: Scene) -> None:
    subject = uuid4()
    await scene.arrive(subject, 1)
    await scene.arrive(subject, 4)

    assert (await scene.give_up(subject, "publication perdue avec le courtier")).versions == 2

    assert await scene.applied() == [1, 4]
    assert await scene.audited() == ["parking.gap_given_up"]


async def test_no_gap_is_given_up_where_nothing_waits(scene: Scene) -> None:
    subject = uuid4()
    await scene.arrive(subject, 1)

    with pytest.raises(UnknownGap):
        await scene.give_up(subject, "par erreur")

    assert await scene.audited() == []


async def test_the_reason_is_kept_apart_from_the_line_that_is_sealed(scene: Scene) -> None:
    await scene.arrive(uuid4(), 1, RUBBISH)
    [parked] = await scene.parked()

    await scene.discard(parked, "à la demande de l’exploitation")

    [row] = await probe.query(scene.urls, "SELECT reason FROM audit_reason")
    assert row["reason"] == "à la demande de l’exploitation"


Operator = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
async def operator(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Operator:
    """`await operator("parking", "list", "training")`: exit status, what it says, what it complains of."""
    await probe.query(scene.urls, "DELETE FROM infra.handler")  # the command knows those of the real service
    await register(scene.urls.owner, LISTENER, load(LISTENER).table().names(), {})
    run = Run(gateway="", identity_provider="", kafka="", academies=("09",), services={LISTENER: scene.urls})
    (tmp_path / "run.json").write_bytes(msgspec.json.encode(run))
    monkeypatch.setattr("common.cli.reach.RUN", tmp_path / "run.json")
    monkeypatch.delenv("BASSIN_DATABASE_URL", raising=False)

    def status(arguments: tuple[str, ...]) -> int:
        try:
            return main(list(arguments))
        except SystemExit as stop:
            return int(stop.code or 0)

    async def bassin(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = await asyncio.to_thread(status, arguments)
        told = capsys.readouterr()
        return code, told.out.strip(), told.err.strip()

    return bassin


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
