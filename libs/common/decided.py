"""What operators decided of held records and gaps, kept so that deciding twice answers the same and does nothing."""

from enum import StrEnum
from uuid import UUID

import asyncpg
from msgspec import Struct

from common.held import Scope
from common.marks import Record
from common.refusal import NotFound, Refusal
from common.tx import Tx


class UnknownRecord(NotFound):
    code = "unknown-held-record"
    title = "Enregistrement introuvable"
    explanation = "Il n’est pas, ou n’est plus, mis de côté dans ce service, ou il n’est pas de votre académie."


class UnknownGap(NotFound):
    code = "unknown-gap"
    title = "Aucune version ne manque"
    explanation = "Rien, que vous puissiez voir, n’attend des versions manquantes de cet objet sur ce flux."


class NotReplayable(Refusal):
    code = "record-without-headers"
    title = "En-têtes illisibles"
    explanation = "On ne sait pas de quel objet parle cet enregistrement : il ne peut qu’être abandonné, avec un motif."


class DecidedOtherwise(Refusal):
    code = "decided-otherwise"
    title = "Enregistrement déjà réglé"
    explanation = "Cet enregistrement a déjà été appliqué, ou abandonné : l’autre décision n’a plus d’objet."


class Result(StrEnum):
    APPLIED = "applied"
    WAITING = "waiting"  # its turn has not come: an earlier version is missing or parked
    PARKED = "parked"  # it failed again
    DISCARDED = "discarded"  # passed over when its turn comes
    GIVEN_UP = "given-up"  # a gap


LABELS = {
    Result.APPLIED: "appliqué",
    Result.WAITING: "en attente de son tour",
    Result.PARKED: "de nouveau mis de côté",
    Result.DISCARDED: "abandonné",
    Result.GIVEN_UP: "versions manquantes abandonnées",
}


class Decision(Struct, frozen=True, kw_only=True):
    """Ce qu’il est advenu d’un enregistrement, ou d’un manque ; `already` : c’était décidé auparavant."""

    record: int  # of a gap: the one that waited for it
    result: Result
    result_label: str
    versions: int = 0  # that went on behind it; of a gap, how many were given up
    error: str = ""  # why it is parked again
    already: bool = False

    @classmethod
    def of(
        cls, record: int, result: Result, *, versions: int = 0, error: str = "", already: bool = False
    ) -> "Decision":
        label = LABELS[result]
        return cls(record=record, result=result, result_label=label, versions=versions, error=error, already=already)


async def remember(tx: Tx, consumer: str, decision: Decision, record: Record, academie: str | None) -> None:
    """`academie` is the one under which others may ask what was decided; None: who may see everything."""
    gap, subject = decision.result is Result.GIVEN_UP, None if record.envelope is None else record.envelope.subject
    given = (consumer, decision.record, gap, record.stream, subject, academie, decision.result.value, decision.versions)
    await tx.execute(REMEMBER, *given)


async def earlier(tx: Tx, consumer: str, scope: Scope, record: int, wish: Result) -> Decision:
    """What was decided of a record that is no longer held.

    Raises:
        UnknownRecord: nothing; it never was held, or not in this scope.
        DecidedOtherwise: it is not `wish` that came of it.
    """
    known = 0 < record < 2**63
    row = await tx.fetchrow(EARLIER, consumer, scope.everything, sorted(scope.academies), record) if known else None
    if row is None:
        raise UnknownRecord
    if row["result"] != wish:
        raise DecidedOtherwise(f"Cet enregistrement est {LABELS[Result(row['result'])]}.")
    return _again(row)


async def earlier_gap(tx: Tx, consumer: str, scope: Scope, stream: str, subject: UUID) -> Decision:
    """The last gap of this subject that was given up.

    Raises:
        UnknownGap: none was.
    """
    row = await tx.fetchrow(EARLIER_GAP, consumer, scope.everything, sorted(scope.academies), stream, subject)
    if row is None:
        raise UnknownGap
    return _again(row)


def _again(row: asyncpg.Record) -> Decision:
    return Decision.of(row["record"], Result(row["result"]), versions=row["versions"], already=True)


REMEMBER = """
INSERT INTO infra.decided (consumer, record, gap, stream, subject, academie, result, versions)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (consumer, record, gap)
DO UPDATE SET result = excluded.result, versions = excluded.versions, at = excluded.at
"""
EARLIER = """
SELECT record, result, versions FROM infra.decided
WHERE consumer = $1 AND ($2 OR academie = ANY ($3::text[])) AND record = $4 AND NOT gap
"""
EARLIER_GAP = """
SELECT record, result, versions FROM infra.decided
WHERE consumer = $1 AND ($2 OR academie = ANY ($3::text[])) AND (stream, subject) = ($4, $5) AND gap
ORDER BY at DESC LIMIT 1
"""
