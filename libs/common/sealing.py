"""The audit chain: each line sealed with the hash of the one before, its head told on the service's state stream."""

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid5

import asyncpg
import msgspec

from common import figures, idempotency, metrics, outbox
from common.handlers import Job
from common.identifiers import BASSIN
from common.tx import Tx

if TYPE_CHECKING:
    from common.service import Service

GENESIS = bytes(32)
CHUNK = 5000  # lines sealed in one transaction


def jobs(service: "Service") -> list[Job]:
    """What every service does as time passes, whatever it is for."""

    async def publish_audit_heads(tx: Tx, at: datetime) -> int:
        heads = await tx.fetch(HEADS)
        for row in heads:
            head = service.contract.audit_head(
                subject=uuid5(BASSIN, f"audit:{service.name}:{row['academie']}"),
                academie=row["academie"],
                seq=row["seq"],
                hash=row["hash"].hex(),
            )
            outbox.append(tx, row["academie"], [head])
        return 0

    async def republish_lost_states(tx: Tx, at: datetime) -> int:
        return await republish(tx, service)

    return [
        Job("seal_audit", timedelta(seconds=10), seal),
        Job("publish_audit_heads", timedelta(minutes=1), publish_audit_heads),
        Job("republish_lost_states", timedelta(minutes=1), republish_lost_states),
        Job("forget_old_answers", timedelta(hours=1), forget_old_answers),
        figures.job(service.figures),
    ]


async def seal(tx: Tx, at: datetime) -> int:
    """Seal what has no seal, by académie; an anti-join, so that a line committed late is found too."""
    rows = await tx.fetch(UNSEALED, CHUNK)
    # Before they are sealed: should that fail, again and again, the gauge must say so.
    metrics.audit_unsealed_oldest.labels(tx.service).set(max((row["age"] for row in rows), default=0))
    last = {row["academie"]: (row["seq"], row["hash"]) for row in await tx.fetch(HEADS)}
    for row in rows:
        seq, before = last.get(row["academie"], (0, GENESIS))
        last[row["academie"]] = (seq + 1, link(before, row))
        tx.many(SEAL, [(row["academie"], seq + 1, row["id"], last[row["academie"]][1])])
    return len(rows)


def link(before: bytes, row: asyncpg.Record) -> bytes:
    """The hash that seals a line of `audit` after the one whose hash is `before`."""
    fields = (*(str(row[name]) for name in SEALED), "" if row["reason_digest"] is None else row["reason_digest"].hex())
    return hashlib.sha256(before + msgspec.json.encode(fields)).digest()


async def republish(tx: Tx, service: "Service") -> int:
    """Say again the present state of what a restored database had forgotten that it published."""
    by_stream: dict[str, list[asyncpg.Record]] = {}
    for row in await tx.fetch(LOST_STATES, outbox.CHUNK):
        by_stream.setdefault(row["stream"], []).append(row)
    done = 0
    for stream, rows in by_stream.items():
        subjects = sorted({row["subject"] for row in rows})
        for event, read in service.states.items():
            if event.stream == stream:
                done += await outbox.republish(tx, stream, subjects, read)
        await tx.execute(REPUBLISHED, [row["event_id"] for row in rows])
    return done


async def forget_old_answers(tx: Tx, at: datetime) -> int:
    """Answers kept for twins are forgotten after 72 hours of the system's clock, which stamped them."""
    status = await tx.execute("DELETE FROM idempotency WHERE at < now() - $1::interval", idempotency.KEPT)
    return int(status.rsplit(" ", 1)[1])


SEALED = ("academie", "id", "at", "agent", "action", "subject", "detail")
UNSEALED = """
SELECT a.academie, a.id, a.at, a.agent, a.action, a.subject, a.detail::text AS detail, a.reason_digest,
    extract(epoch FROM clock_timestamp() - a.written_at)::float8 AS age
FROM audit a WHERE NOT EXISTS (SELECT FROM audit_seal s WHERE (s.academie, s.audit) = (a.academie, a.id))
ORDER BY a.academie, a.id LIMIT $1
"""
SEAL = "INSERT INTO audit_seal (academie, seq, audit, hash) VALUES ($1, $2, $3, $4)"
HEADS = """
SELECT DISTINCT ON (academie) academie, seq, hash FROM audit_seal ORDER BY academie, seq DESC
"""
LOST_STATES = """
SELECT event_id, stream, subject FROM infra.lost_fact WHERE republish ORDER BY stream, subject LIMIT $1 FOR UPDATE
"""
REPUBLISHED = "UPDATE infra.lost_fact SET republish = false WHERE event_id = ANY($1)"
