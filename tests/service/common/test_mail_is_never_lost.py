"""A mail written is a mail sent: whatever the server says, and whenever the sender dies. Real SMTP, real PostgreSQL."""

import asyncio
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from email import message_from_bytes
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from common import mail
from common.clock import Clock
from common.db import Database, connect
from common.identifiers import CodeAcademie
from common.local.ports import free_ports
from common.mail import Mail
from common.mail_sender import MailSender, Smtp

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

LILLE, AMIENS = CodeAcademie("09"), CodeAcademie("20")
SENDER = "ne-pas-repondre@bassin.example"
VICTIM = Path(__file__).with_name("mail_victim.py")


class Sink:
    """A real SMTP server that can be told to refuse, or to hold its last answer back."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.refusals: dict[str, str] = {}  # recipient -> reply
        self.arrived = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.messages.append(envelope.content if isinstance(envelope.content, bytes) else b"")
        self.arrived.set()
        await asyncio.to_thread(self.may_answer.wait, 30)
        return "250 OK"

    @property
    def message_ids(self) -> list[str]:
        return [str(message_from_bytes(message)["Message-ID"]) for message in self.messages]


@contextmanager
def listening(sink: Sink, port: int | None = None) -> Iterator[str]:
    port = port or free_ports(1)[0]
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()


@pytest.fixture
def urls(database: "Callable[[str], ServiceUrls]") -> "ServiceUrls":
    return database("training")


@pytest.fixture
async def db(urls: "ServiceUrls") -> AsyncIterator[Database]:
    pool = await connect(urls.app, size=4)
    yield Database("training", pool, Clock())
    await pool.close()


@asynccontextmanager
async def administrator(urls: "ServiceUrls") -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    connection = await asyncpg.connect(urls.admin)
    try:
        yield connection
    finally:
        await connection.close()


async def write(db: Database, *to: str, academie: CodeAcademie = LILLE) -> None:
    async with db.batch([academie]) as tx:
        for place, address in enumerate(to):
            mail.send(
                tx, academie, Mail(to=address, subject="Recensement", text="Répondre.\n", kind="test", key=str(place))
            )


def sender(db: Database, smtp: str) -> MailSender:
    return MailSender(db, [LILLE, AMIENS], Smtp.read(smtp), sender=SENDER, api="", dialogue_seconds=0.5)


async def mails(urls: "ServiceUrls") -> list[tuple[str, str, int]]:
    async with administrator(urls) as connection:
        rows = await connection.fetch("SELECT state, error, attempts FROM mail ORDER BY length(key), key")
    return [(row["state"], row["error"], row["attempts"]) for row in rows]


async def make_due(urls: "ServiceUrls", *, hours_ago: int = 0) -> None:
    async with administrator(urls) as connection:
        await connection.execute(
            "UPDATE mail SET due_at = now(), written_at = written_at - make_interval(hours => $1),"
            " leased_until = CASE WHEN leased_until IS NOT NULL THEN now() - interval '1 s' END", hours_ago,
        )  # fmt: skip


async def test_a_mail_leaves_once(db: Database, urls: "ServiceUrls") -> None:
    sink = Sink()
    with listening(sink) as smtp:
        await write(db, "ce.0590318a@ac-lille.example", "ce.0590001f@ac-lille.example")

        assert await sender(db, smtp).send_due() == 2
        assert await sender(db, smtp).send_due() == 0

    assert len(sink.messages) == len(set(sink.message_ids)) == 2
    assert await mails(urls) == [("sent", "", 1)] * 2


async def test_writing_the_same_mail_again_sends_nothing_again(db: Database) -> None:
    sink = Sink()
    with listening(sink) as smtp:
        await write(db, "ce.0590318a@ac-lille.example")
        await write(db, "ce.0590318a@ac-lille.example")
        await write(db, "ce.0800001s@ac-amiens.example", academie=AMIENS)  # the same key, another académie
        await sender(db, smtp).send_due()

    assert len(sink.messages) == 2


async def test_a_decision_that_fails_sends_nothing(db: Database, urls: "ServiceUrls") -> None:
    async def decide() -> None:
        async with db.batch([LILLE]) as tx:
            mail.send(tx, LILLE, Mail(to="a@b.example", subject="s", text="t", kind="test", key="k"))
            raise LookupError

    with pytest.raises(LookupError):
        await decide()
    assert await mails(urls) == []


async def test_a_projection_sends_no_mail(db: Database) -> None:
    async with db.batch([LILLE]) as tx:
        with tx.as_projection("any"), pytest.raises(TypeError):
            mail.send(tx, LILLE, Mail(to="a@b.example", subject="s", text="t", kind="test", key="k"))


async def test_refused_for_now_is_tried_again_and_refused_for_good_is_shown(db: Database, urls: "ServiceUrls") -> None:
    sink = Sink()
    sink.refusals = {"full@ac-lille.example": "450 mailbox full", "gone@ac-lille.example": "550 no such mailbox"}
    with listening(sink) as smtp:
        await write(db, "full@ac-lille.example", "gone@ac-lille.example", "here@ac-lille.example")
        await sender(db, smtp).send_due()

        assert await mails(urls) == [("waiting", "smtp 450", 1), ("refused", "smtp 550", 1), ("sent", "", 1)]
        assert await sender(db, smtp).send_due() == 0  # not yet due

        sink.refusals.clear()
        await make_due(urls)
        await sender(db, smtp).send_due()

    assert await mails(urls) == [("sent", "", 2), ("refused", "smtp 550", 1), ("sent", "", 1)]


async def test_an_address_that_cannot_be_written_is_shown_and_holds_nothing_up(
    db: Database, urls: "ServiceUrls"
) -> None:
    sink = Sink()
    with listening(sink) as smtp:
        await write(db, "collège sans adresse", "a@b.example\nBcc: c@d.example", "here@ac-lille.example")
        await sender(db, smtp).send_due()

    assert await mails(urls) == [("refused", "address", 1), ("refused", "address", 1), ("sent", "", 1)]
    assert len(sink.messages) == 1


async def test_a_server_that_is_down_loses_nothing(db: Database, urls: "ServiceUrls") -> None:
    [port] = free_ports(1)
    await write(db, "here@ac-lille.example")
    await sender(db, f"smtp://127.0.0.1:{port}").send_due()
    assert await mails(urls) == [("waiting", "unreachable", 1)]

    sink = Sink()
    with listening(sink, port) as smtp:
        await make_due(urls)
        await sender(db, smtp).send_due()
    assert len(sink.messages) == 1


async def test_after_72_hours_the_office_is_shown_an_abandoned_mail(db: Database, urls: "ServiceUrls") -> None:
    [port] = free_ports(1)
    await write(db, "here@ac-lille.example")
    await make_due(urls, hours_ago=73)
    await sender(db, f"smtp://127.0.0.1:{port}").send_due()

    assert await mails(urls) == [("abandoned", "unreachable", 1)]


async def test_a_server_that_hangs_holds_no_transaction_open(db: Database, urls: "ServiceUrls") -> None:
    await write(db, "here@ac-lille.example")
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never says a word
        round_ = asyncio.ensure_future(sender(db, f"smtp://127.0.0.1:{silent.getsockname()[1]}").send_due())
        await asyncio.sleep(0.25)
        async with administrator(urls) as connection:
            open_transactions = await connection.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND state LIKE 'idle in transaction%'"
            )
            leased = await connection.fetchval("SELECT leased_until > now() FROM mail")
        assert (open_transactions, leased) == (0, True)
        await round_

    assert await mails(urls) == [("waiting", "time-out", 1)]


async def test_a_mail_that_makes_the_server_hang_up_does_not_hold_the_others(db: Database, urls: "ServiceUrls") -> None:
    sink = Sink()
    sink.refusals = {"poison@ac-lille.example": "421 closing"}
    with listening(sink) as smtp:
        await write(db, "poison@ac-lille.example", "here@ac-lille.example")
        await sender(db, smtp).send_due()
        await sender(db, smtp).send_due()

    assert await mails(urls) == [("waiting", "smtp 421", 1), ("sent", "", 1)]


async def test_two_senders_never_take_the_same_mail(db: Database) -> None:
    sink = Sink()
    with listening(sink) as smtp:
        await write(db, *(f"ce{n}@ac-lille.example" for n in range(30)))
        async with asyncio.TaskGroup() as both:
            for _ in range(4):
                both.create_task(sender(db, smtp).send_due())

    assert len(sink.messages) == len(set(sink.message_ids)) == 30


async def test_a_stop_ends_the_dialogue_under_way_and_notes_it(db: Database, urls: "ServiceUrls") -> None:
    sink = Sink()
    sink.may_answer.clear()
    with listening(sink) as smtp:
        await write(db, "here@ac-lille.example", "next@ac-lille.example")
        running = asyncio.ensure_future(sender(db, smtp).run())
        await asyncio.to_thread(sink.arrived.wait, 5)
        running.cancel()
        await asyncio.sleep(0.1)
        sink.may_answer.set()
        await asyncio.wait({running})

    assert await mails(urls) == [("sent", "", 1), ("waiting", "", 0)]


async def kill_while_noting(victim: "subprocess.Popen[bytes]", sink: Sink, urls: "ServiceUrls") -> None:
    """SIGKILL after the server's 250 and before our commit: a lock on the row keeps the victim between the two."""
    async with administrator(urls) as watcher, administrator(urls) as connection, connection.transaction():
        await connection.execute("SELECT FROM mail FOR UPDATE")
        sink.may_answer.set()
        for _ in range(500):
            if await watcher.fetchval(NOTING):  # outside the transaction, which would see its first snapshot for ever
                break
            await asyncio.sleep(0.02)
        else:
            pytest.fail("the victim never came to note the 250")
        victim.send_signal(signal.SIGKILL)
        victim.wait(5)


NOTING = """
SELECT count(*) > 0 FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%UPDATE mail SET state%'
"""


@contextmanager
def victim_of(urls: "ServiceUrls", smtp: str) -> "Iterator[subprocess.Popen[bytes]]":
    process = subprocess.Popen([sys.executable, str(VICTIM), urls.app, smtp])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def test_killed_between_the_250_and_the_commit_it_is_sent_twice_with_the_same_message_id(
    db: Database, urls: "ServiceUrls"
) -> None:
    sink = Sink()
    sink.may_answer.clear()
    with listening(sink) as smtp:
        await write(db, "here@ac-lille.example")
        with victim_of(urls, smtp) as victim:
            assert await asyncio.to_thread(sink.arrived.wait, 20)
            await kill_while_noting(victim, sink, urls)
        assert await mails(urls) == [("waiting", "", 0)]
        assert await sender(db, smtp).send_due() == 0  # the dead one's lease still holds

        await make_due(urls)
        await sender(db, smtp).send_due()

    assert len(sink.messages) == 2
    assert len(set(sink.message_ids)) == 1
    assert sink.messages[0] == sink.messages[1]
    assert await mails(urls) == [("sent", "", 1)]


async def test_killed_before_the_250_it_is_accepted_by_the_next_sender(db: Database, urls: "ServiceUrls") -> None:
    sink = Sink()
    sink.may_answer.clear()
    with listening(sink) as smtp:
        await write(db, "here@ac-lille.example")
        with victim_of(urls, smtp) as victim:
            assert await asyncio.to_thread(sink.arrived.wait, 20)
            victim.send_signal(signal.SIGKILL)
            victim.wait(5)
        sink.may_answer.set()
        await make_due(urls)
        await sender(db, smtp).send_due()

    assert await mails(urls) == [("sent", "", 1)]
    assert len(set(sink.message_ids)) == 1
