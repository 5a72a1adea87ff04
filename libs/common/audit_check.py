"""Is the audit what it was? Each line against its seal, each seal against the one before and against what was told."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TypeAlias

import asyncpg
import msgspec
from msgspec import Struct

from common import envelope
from common.collected import reason_digest
from common.committed_log import CommittedLog, Logged
from common.contracts.events import AuditHead, Contract
from common.sealing import GENESIS, link
from common.statements import Connection

Heads: TypeAlias = Mapping[str, Sequence[tuple[int, str]]]  # académie -> (seq, hash) as told on the state stream
UNSEALED_AFTER = 60  # seconds


class Finding(Struct, frozen=True):
    """Something that is not as it was written."""

    academie: str
    seq: int
    what: str


class Verified(Struct, frozen=True):
    lines: int
    heads: int
    findings: list[Finding]


async def told(kafka: str, contract: Contract) -> Heads:
    """The heads that the broker still has; compaction keeps at least the last of each académie."""
    heads: dict[str, list[tuple[int, str]]] = {}
    stream = contract.audit_head.stream
    async for chunk, _ in CommittedLog(kafka, [stream]).read({}):
        for head in (_head(record, contract) for record in chunk):
            if head is not None:
                heads.setdefault(head.academie, []).append((head.seq, head.hash))
    return heads


def _head(record: Logged, contract: Contract) -> AuditHead | None:
    """None: not one of ours. Whoever may write to the topic must not be able to blind the check."""
    try:
        ours = envelope.read(record.headers).type == contract.audit_head.ce_type
        return msgspec.json.decode(record.value or b"", type=contract.audit_head) if ours else None
    except (envelope.Unreadable, msgspec.DecodeError):
        return None


async def verify(connection: Connection, heads: Heads) -> Verified:
    """Walk the chains that `connection` sees (role maint: all of them), in the transaction that it is in."""
    findings: list[Finding] = []
    sealed: dict[str, dict[int, str]] = {academie: {} for academie in heads}
    lines = 0
    async for academie, seq, what, seal in _chain(connection):
        lines += 1
        sealed.setdefault(academie, {})[seq] = seal
        findings += [Finding(academie, seq, text) for text in what]
    for academie, known in heads.items():
        findings += [Finding(academie, seq, text) for seq, text in _against(sealed[academie], known)]
    for row in await connection.fetch(UNSEALED, UNSEALED_AFTER):
        findings.append(Finding(row["academie"], 0, f"{row['n']} lines without a seal for over a minute"))
    return Verified(lines, sum(map(len, heads.values())), findings)


async def _chain(connection: Connection) -> AsyncIterator[tuple[str, int, list[str], str]]:
    academie, seq, before = "", 0, GENESIS
    async for row in connection.cursor(CHAIN):
        if row["academie"] != academie:
            academie, seq, before = row["academie"], 0, GENESIS
        yield academie, row["seq"], _wrong(row, seq + 1, before), row["hash"].hex()
        seq, before = row["seq"], row["hash"]


def _wrong(row: asyncpg.Record, expected: int, before: bytes) -> list[str]:
    """What is wrong with one sealed line."""
    found = [] if row["seq"] == expected else [f"seals {expected} to {row['seq'] - 1} are missing"]
    if row["id"] is None:
        return [*found, "the line was deleted"]
    if link(before, row) != row["hash"]:
        found.append("the line or its place was changed")
    if row["reason"] is not None and reason_digest(row["salt"], row["reason"]) != row["reason_digest"]:
        found.append("the reason was changed")
    return found


def _against(sealed: Mapping[int, str], known: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """A head that was told and is not there any more: the tail was cut, or the chain made anew."""
    found = []
    for seq, seal in known:
        if seq not in sealed:
            found.append((seq, "told on the state stream, now missing: the tail was cut"))
        elif sealed[seq] != seal:
            found.append((seq, "not the hash that was told: the chain was made anew"))
    return found


CHAIN = """
SELECT s.academie, s.seq, s.hash, a.id, a.at, a.agent, a.action, a.subject, a.detail::text AS detail, a.reason_digest,
    r.salt, r.reason
FROM audit_seal s
LEFT JOIN audit a ON (a.academie, a.id) = (s.academie, s.audit)
LEFT JOIN audit_reason r ON (r.academie, r.audit) = (s.academie, s.audit)
ORDER BY s.academie, s.seq
"""
UNSEALED = """
SELECT a.academie, count(*) AS n FROM audit a
WHERE NOT EXISTS (SELECT FROM audit_seal s WHERE (s.academie, s.audit) = (a.academie, a.id))
  AND a.written_at < clock_timestamp() - make_interval(secs => $1)
GROUP BY a.academie
"""
