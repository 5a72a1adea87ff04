"""Mails are written in the transaction of the decision they tell of: neither can exist without the other."""

import re
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from common.tx import Tx
from common.uuid7 import uuid7

API = "{api}"  # in a text: the public address of the gateway, known to whoever sends
# RFC 5321 without quoting and without UTF-8: checked before the dialogue, not in its middle.
MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
PATIENCE = timedelta(hours=72)
BACKOFF = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240))  # after the 1st, 2nd… attempt; the last one repeats


class MailState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"  # the server said never (5xx), or the address cannot be written
    ABANDONED = "abandoned"  # 72 hours of « later » or of silence

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS = {
    MailState.WAITING: "en attente",
    MailState.SENT: "envoyé",
    MailState.REFUSED: "refusé",
    MailState.ABANDONED: "abandonné",
}


class Mail(Struct, frozen=True, kw_only=True):
    to: str
    subject: str
    text: str
    kind: str
    key: str  # what it is about, per académie: writing it again sends nothing again


class Queued(Struct, frozen=True, kw_only=True):
    """A mail whose turn it is."""

    academie: str
    id: UUID
    recipient: str
    subject: str
    body: str
    message_id: str
    attempts: int
    written_at: datetime
    leased_at: datetime


class Outcome(Struct, frozen=True):
    """What became of one attempt; while it waits, how long until the next."""

    state: MailState
    error: str = ""
    delay: timedelta = timedelta()


def send(tx: Tx, academie: str, mail: Mail) -> None:
    """Sent at least once; twice only if the process dies between the server's 250 and our commit."""
    tx.refuse_in_projection()
    tx.many(WRITE, [(academie, uuid7(), mail.key, mail.kind, mail.to, mail.subject, mail.text)])


def compose(mail: Queued, *, sender: str, api: str) -> bytes:
    """The same bytes at every attempt.

    Raises:
        ValueError: an address or a subject that no mail header can hold.
    """
    if not MAILBOX.fullmatch(mail.recipient):
        raise ValueError("no server takes this recipient")
    message = EmailMessage(policy=WIRE)
    message["From"] = sender
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.written_at)
    message["Message-ID"] = f"<{mail.message_id}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no absence notice answers it
    message.set_content(mail.body.replace(API, api), cte="quoted-printable")
    message["Content-Language"] = "fr"  # after the text: setting it drops every Content- header
    return message.as_bytes()


def after_failure(mail: Queued, error: str) -> Outcome:
    """« Later », or nothing at all: try again, less and less often, for 72 hours."""
    left = PATIENCE - (mail.leased_at - mail.written_at)
    if left <= timedelta():
        return Outcome(MailState.ABANDONED, error)
    return Outcome(MailState.WAITING, error, min(BACKOFF[min(mail.attempts, len(BACKOFF) - 1)], left))


def after_reply(mail: Queued, code: int) -> Outcome:
    error = f"smtp {code}"
    return Outcome(MailState.REFUSED, error) if code >= 500 else after_failure(mail, error)


WRITE = """
INSERT INTO mail (academie, id, key, kind, recipient, subject, body) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT ON CONSTRAINT one_mail_per_key DO NOTHING
"""
