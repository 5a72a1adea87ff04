"""What a transaction collects for its end, and the statements that write it: events and audit lines."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from common.literals import inline


class Pending(Struct, frozen=True):
    """An event on its way to the outbox; its version is drawn when it is written."""

    id: UUID
    stream: str
    subject: UUID
    headers: bytes
    payload: bytes


class AuditLine(Struct, frozen=True):
    id: UUID
    academie: str
    at: datetime
    agent: UUID | None
    action: str
    subject: UUID
    detail: Mapping[str, str | int]
    reason: str | None
    salt: bytes


def append_sql(events: list[Pending]) -> str:
    if not events:
        return ""
    return inline(f"{APPEND};", *columns(events))


def columns(events: list[Pending]) -> tuple[list[object], ...]:
    """The arguments of `infra.append`."""
    return (
        [e.id for e in events],
        [e.stream for e in events],
        [e.subject for e in events],
        [e.headers.decode() for e in events],
        [e.payload for e in events],
    )


def reason_digest(salt: bytes, reason: str) -> bytes:
    """What the chain holds of free text, so that the text can be erased."""
    return hashlib.sha256(salt + reason.encode()).digest()


def audit_sql(line: AuditLine) -> str:
    digest = None if line.reason is None else reason_digest(line.salt, line.reason)
    detail = msgspec.json.encode(line.detail).decode()
    sql = inline(AUDIT, line.academie, line.id, line.at, line.agent, line.action, line.subject, detail, digest)
    return sql if line.reason is None else sql + inline(REASON, line.academie, line.id, line.salt, line.reason)


APPEND = "SELECT infra.append($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::bytea[])"
AUDIT = "INSERT INTO audit VALUES ($1, $2, $3, $4, $5, $6, $7, $8);"
REASON = "INSERT INTO audit_reason VALUES ($1, $2, $3, $4);"
