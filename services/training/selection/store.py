"""A selection in the database: decided once per offer and bassin, together with what becomes of each candidature."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import UniqueViolationError

from common import audit
from common.identifiers import CodeBassin
from common.tx import Tx
from training.candidatures import store as candidatures
from training.promotions.domain import Standing
from training.selection.domain import Decision, SelectionAlreadyDecided


async def record(
    tx: Tx, standing: Standing, bassin: CodeBassin, decisions: Sequence[Decision], *, reason: str | None, by: UUID
) -> None:
    """`reason` where the order was changed by hand; it is kept with the selection."""
    moved = candidatures.rows(standing.academie, decisions)
    try:
        await tx.execute(SELECT, *moved, standing.offer, bassin, reason is not None, by, tx.at)
    except UniqueViolationError as race:
        if race.constraint_name != "one_selection_per_offer_and_bassin":
            raise
        raise SelectionAlreadyDecided from race
    candidatures.tell(tx, standing.academie, decisions)
    detail: dict[str, str | int] = {"bassin": str(bassin), "by_hand": int(reason is not None)}
    audit.record(tx, standing.academie, "selection-decided", standing.offer, reason=reason, detail=detail)


SELECT = f"""
WITH decided AS (
    INSERT INTO selection (academie, offer, bassin, by_hand, decided_by, decided_at) VALUES ($1, $6, $7, $8, $9, $10)
)
{candidatures.DECIDE}
"""  # noqa: S608 - no value of anybody's in it
