"""Who did what, when and why: a line in the command's own transaction, sealed into a chain a minute later."""

import os
from collections.abc import Mapping
from uuid import UUID

from common.collected import AuditLine
from common.tx import Tx
from common.uuid7 import uuid7


def record(
    tx: Tx,
    academie: str,
    action: str,
    subject: UUID,
    *,
    reason: str | None = None,
    detail: Mapping[str, str | int] | None = None,
) -> None:
    """Collect a line; who and when come from the transaction.

    `detail` never holds personal data. `reason` is free text: kept apart, erasable, sealed by its salted digest.
    """
    agent = None if tx.agent is None else tx.agent.id
    line = AuditLine(uuid7(), academie, tx.at, agent, action, subject, detail or {}, reason, os.urandom(16))
    tx.collect_audit(line)
