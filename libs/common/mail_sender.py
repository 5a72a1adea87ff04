"""The loop that brings mails to the SMTP server: it may be killed at any point and nothing is lost."""

import asyncio
from collections.abc import Collection, Coroutine, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID, uuid4

import aiosmtplib
import asyncpg
import msgspec
import structlog
from msgspec import Struct

from common import mail, metrics
from common.db import Database
from common.identifiers import CodeAcademie
from common.logs import UNAVAILABLE
from common.mail import MailState, Outcome, Queued

BATCH = 20
DIALOGUE_SECONDS = 15.0  # of one mail, or of the greeting
LEASE = timedelta(minutes=10)  # over BATCH + 1 dialogues: nobody else takes a mail that is under way
IDLE_SECONDS = 1.0
LONGEST_PAUSE = 30.0
DATABASE_DOWN = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

log = structlog.get_logger("bassin.mail")


class Smtp(Struct, frozen=True, kw_only=True):
    """Where mails go: smtp://host:25 (STARTTLS if the server offers it) or smtps://user:password@host:465."""

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"Smtp({self.host}:{self.port})"

    @classmethod
    def read(cls, url: str) -> "Smtp":
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("an SMTP address is smtp://host:port or smtps://user:password@host:port")
        tls = parts.scheme == "smtps"
        user, password = (None if part is None else unquote(part) for part in (parts.username, parts.password))
        return cls(
            host=parts.hostname, port=parts.port or (465 if tls else 25), tls=tls, username=user, password=password
        )


class MailSender:
    def __init__(
        self,
        db: Database,
        academies: Collection[CodeAcademie],
        smtp: Smtp,
        *,
        sender: str,
        api: str,
        dialogue_seconds: float = DIALOGUE_SECONDS,
    ) -> None:
        self._db, self._academies, self._smtp = db, academies, smtp
        self._from, self._api, self._seconds = sender, api, dialogue_seconds
        self._domain = sender.rpartition("@")[2].strip("> ")
        self._stopping = False

    async def run(self) -> None:
        """Until cancelled; the dialogue under way is then ended and noted first."""
        pause = IDLE_SECONDS
        while True:
            try:
                taken = await self.send_due()
                pause = IDLE_SECONDS
            except DATABASE_DOWN as error:
                UNAVAILABLE.warning("mails wait for the database", extra={"error": str(error)})
                taken, pause = 0, min(2 * pause, LONGEST_PAUSE)
            if taken < BATCH:
                await asyncio.sleep(pause)

    async def send_due(self) -> int:
        """One round: lease and commit, then speak with the server, noting each answer as it comes."""
        lease = uuid4()
        mails = await self._lease(lease)
        if mails:
            await self._to_its_end(self._deliver(lease, mails))
        return len(mails)

    async def _lease(self, lease: UUID) -> list[Queued]:
        async with self._db.batch(self._academies) as tx:
            rows = await tx.fetch(LEASE_DUE, BATCH, lease, LEASE, self._domain)
            depth = await tx.fetchrow(DEPTH)
        if depth is not None:
            metrics.mail_depth.labels(self._db.service).set(depth["waiting"])
            metrics.mail_oldest.labels(self._db.service).set(depth["oldest"])
            metrics.mail_failed.labels(self._db.service).set(depth["failed"])
        return sorted((msgspec.convert(dict(row), Queued) for row in rows), key=lambda each: each.id)

    async def _deliver(self, lease: UUID, mails: Sequence[Queued]) -> None:
        client = aiosmtplib.SMTP(
            hostname=self._smtp.host, port=self._smtp.port, use_tls=self._smtp.tls,
            username=self._smtp.username, password=self._smtp.password, timeout=self._seconds,
        )  # fmt: skip
        try:
            if unreachable := await self._greet(client):
                for each in mails:
                    await self._note(lease, each, mail.after_failure(each, unreachable))
                return
            for each in mails:
                if self._stopping or not client.is_connected:
                    break
                await self._note(lease, each, await self._speak(client, each))
            await self._give_back(lease)
        finally:
            client.close()

    async def _greet(self, client: aiosmtplib.SMTP) -> str:
        """ "" or why there is no server to speak to; a refusal at this point concerns no mail in particular."""
        try:
            async with asyncio.timeout(self._seconds):
                await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            log.warning("no mail server", error=type(error).__name__)
            return _named(error)
        return ""

    async def _speak(self, client: aiosmtplib.SMTP, each: Queued) -> Outcome:
        try:
            message = mail.compose(each, sender=self._from, api=self._api)
            async with asyncio.timeout(self._seconds):
                await client.sendmail(self._from, [each.recipient], message)
        except (ValueError, aiosmtplib.SMTPNotSupported):
            return Outcome(MailState.REFUSED, "address")
        except aiosmtplib.SMTPRecipientsRefused as refused:
            return mail.after_reply(each, refused.recipients[0].code)
        except aiosmtplib.SMTPResponseException as refused:
            return mail.after_reply(each, refused.code)
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()  # whatever it says later would be taken for the next answer
            return mail.after_failure(each, _named(error))
        return Outcome(MailState.SENT)

    async def _note(self, lease: UUID, each: Queued, outcome: Outcome) -> None:
        """Until the database has it: a mail that was accepted and is not noted would be sent again."""
        await self._write(NOTE, each.academie, each.id, lease, outcome.state, outcome.error, outcome.delay)
        if outcome.state is MailState.SENT:
            metrics.mail_sent.labels(self._db.service).inc()

    async def _give_back(self, lease: UUID) -> None:
        """What was not tried is due as before: a mail that makes the server hang up does not hold the others."""
        await self._write(GIVE_BACK, lease)

    async def _write(self, sql: str, *args: object) -> None:
        while True:
            try:
                async with self._db.batch(self._academies) as tx:
                    await tx.execute(sql, *args)
            except DATABASE_DOWN as error:
                UNAVAILABLE.warning("the outcome of a mail is not noted yet", extra={"error": str(error)})
                await asyncio.sleep(IDLE_SECONDS)
            else:
                return

    async def _to_its_end(self, work: Coroutine[Any, Any, None]) -> None:
        """A stop waits for the dialogue under way and its note, and begins no other."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            self._stopping = True
            await asyncio.wait({task}, timeout=2 * self._seconds)
            task.cancel()
            raise


def _named(error: Exception) -> str:
    return "time-out" if isinstance(error, TimeoutError) else "unreachable"


LEASE_DUE = """
WITH due AS (
    SELECT academie, id FROM mail
    WHERE state = 'waiting' AND due_at <= now() AND (leased_until IS NULL OR leased_until < now())
    ORDER BY due_at, id LIMIT $1 FOR UPDATE SKIP LOCKED
)
UPDATE mail SET lease = $2, leased_until = now() + $3, message_id = coalesce(message_id, mail.id || '@' || $4)
FROM due WHERE (mail.academie, mail.id) = (due.academie, due.id)
RETURNING mail.academie, mail.id, recipient, subject, body, message_id, attempts, written_at, now() AS leased_at
"""

NOTE = """
UPDATE mail SET state = $4, error = $5, due_at = now() + $6, attempts = attempts + 1, lease = NULL,
    leased_until = NULL, settled_at = CASE WHEN $4 = 'waiting' THEN NULL ELSE now() END
WHERE academie = $1 AND id = $2 AND lease = $3
"""

GIVE_BACK = "UPDATE mail SET lease = NULL, leased_until = NULL WHERE lease = $1"

DEPTH = """
SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting,
    coalesce(extract(epoch FROM now() - min(written_at) FILTER (WHERE state = 'waiting')), 0)::float8 AS oldest,
    count(*) FILTER (WHERE state IN ('refused', 'abandoned')) AS failed
FROM mail WHERE state <> 'sent'
"""
