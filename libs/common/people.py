"""What a service holds of a person, so that somebody can ask for all of it, or for its erasure, and be sure."""

import getpass
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TypeAlias
from uuid import UUID

from msgspec import Struct

from common import audit
from common.db import Database
from common.identifiers import CodeAcademie
from common.tx import Tx

Export: TypeAlias = Callable[[Tx, UUID], Awaitable[Mapping[str, object]]]
Erase: TypeAlias = Callable[[Tx, UUID], Awaitable[Mapping[str, int]]]


class Personal(Struct, frozen=True, kw_only=True):
    """How one service answers: everything it holds of a person, "" or {} left out; how many rows it blanked, or kept.

    Both see one académie at a time. `erase` keeps what counts and papers need, blanks the rest, in every version kept,
    and publishes the blanked state where others hold copies; run again it finds nothing more to blank.
    """

    export: Export
    erase: Erase


async def export(
    db: Database, academies: Iterable[CodeAcademie], personal: Personal, person: UUID, *, reason: str
) -> dict[CodeAcademie, Mapping[str, object]]:
    """All that this service holds, by académie; each académie that holds something keeps a trace of the request."""
    found: dict[CodeAcademie, Mapping[str, object]] = {}
    for academie in sorted(academies):
        async with db.batch([academie]) as tx:
            held = {name: value for name, value in (await personal.export(tx, person)).items() if value}
            if held:
                found[academie] = held
                audit.record(tx, academie, "person-exported", person, reason=reason, detail=_operator())
    return found


async def erase(
    db: Database, academies: Iterable[CodeAcademie], personal: Personal, person: UUID, *, reason: str
) -> dict[CodeAcademie, Mapping[str, int]]:
    """Blank the person in every académie, the free text of the audit included; why it was erased stays."""
    blanked: dict[CodeAcademie, Mapping[str, int]] = {}
    for academie in sorted(academies):
        async with db.batch([academie]) as tx:
            counts = await blank(tx, academie, personal, person, reason=reason)
            if counts:
                blanked[academie] = counts
    return blanked


async def blank(tx: Tx, academie: str, personal: Personal, person: UUID, *, reason: str) -> Mapping[str, int]:
    """The same in one académie, as part of a transaction."""
    counts = {name: count for name, count in (await personal.erase(tx, person)).items() if count}
    if counts:
        await tx.execute(FORGET_REASONS, academie, person)
        audit.record(tx, academie, "person-erased", person, reason=reason, detail={**_operator(), **counts})
    return counts


def _operator() -> dict[str, str | int]:
    """Who, on the command line: the account of the machine, which its own logs tie to somebody."""
    return {"operator": getpass.getuser()}


FORGET_REASONS = """
DELETE FROM audit_reason USING audit
WHERE audit_reason.academie = $1 AND (audit.academie, audit.id) = ($1, audit_reason.audit) AND audit.subject = $2
    AND audit.action <> 'person-erased'
"""
