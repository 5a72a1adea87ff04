"""The mails of this service, as the office sees them and sends them again."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from common import audit
from common.identifiers import CodeAcademie, dec_hook
from common.mail import MailState
from common.tx import Tx
from hr_networks.mails.domain import UnknownMail


class MailView(Struct, frozen=True, kw_only=True):
    """Un courriel et ce qu’il est devenu."""

    id: UUID
    academie: CodeAcademie
    kind: str
    recipient: str
    subject: str
    state: MailState
    state_label: str
    error: str
    attempts: int
    written_at: datetime
    due_at: datetime
    settled_at: datetime | None


async def mails(
    tx: Tx, academies: Collection[CodeAcademie], state: MailState | None, after: UUID | None, limit: int
) -> list[MailView]:
    """The newest first."""
    rows = await tx.fetch(LIST, list(academies), state, after, limit + 1)
    labelled = [{**row, "state_label": MailState(row["state"]).label} for row in rows]
    return msgspec.convert(labelled, list[MailView], dec_hook=dec_hook)


async def lock_mail(tx: Tx, mail: UUID, academies: Collection[CodeAcademie]) -> tuple[CodeAcademie, MailState]:
    row = await tx.fetchrow(LOCK, mail, list(academies))
    if row is None:
        raise UnknownMail
    return CodeAcademie(row["academie"]), MailState(row["state"])


async def send_again(tx: Tx, academie: CodeAcademie, mail: UUID, recipient: str | None) -> None:
    """From the beginning: 72 hours of patience, the same Message-ID."""
    await tx.execute(AGAIN, academie, mail, recipient)
    audit.record(tx, academie, "mail-sent-again", mail, detail={"other_address": int(recipient is not None)})


LIST = """
SELECT id, academie, kind, recipient, subject, state, error, attempts, written_at, due_at, settled_at FROM mail
WHERE academie = ANY($1) AND ($2::text IS NULL OR state = $2) AND ($3::uuid IS NULL OR id < $3)
ORDER BY id DESC LIMIT $4
"""

LOCK = "SELECT academie, state FROM mail WHERE id = $1 AND academie = ANY($2) FOR UPDATE"

AGAIN = """
UPDATE mail SET state = 'waiting', recipient = coalesce($3, recipient), attempts = 0, error = '',
    written_at = clock_timestamp(), due_at = clock_timestamp(), settled_at = NULL
WHERE academie = $1 AND id = $2
"""
