"""What papers and attendance make of a candidature that goes: each passage is judged, then written."""

from collections.abc import Callable, Sequence
from typing import TypeAlias
from uuid import UUID

import msgspec

from common.identifiers import dec_hook
from common.tx import Tx
from training.candidatures.domain import Candidature, Status, attend, convene, miss, recognise, revoke_recognition
from training.candidatures.store import set_status

Passage: TypeAlias = Callable[[Candidature], Status]


async def lock(tx: Tx, candidatures: Sequence[UUID]) -> list[Candidature]:
    rows = await tx.fetch(LOCK, list(candidatures))
    return [msgspec.json.decode(row["candidature"], type=Candidature, dec_hook=dec_hook) for row in rows]


async def record_convened(tx: Tx, candidatures: Sequence[Candidature]) -> None:
    await pass_on(tx, candidatures, convene)


async def record_present(tx: Tx, candidatures: Sequence[Candidature]) -> None:
    await pass_on(tx, candidatures, attend)


async def record_absent(tx: Tx, candidatures: Sequence[Candidature]) -> None:
    await pass_on(tx, candidatures, miss)


async def record_recognised(tx: Tx, candidatures: Sequence[Candidature]) -> None:
    await pass_on(tx, candidatures, recognise)


async def record_revoked(tx: Tx, candidatures: Sequence[Candidature]) -> None:
    await pass_on(tx, candidatures, revoke_recognition)


async def pass_on(tx: Tx, candidatures: Sequence[Candidature], passage: Passage) -> None:
    """All of them or, where one may not pass, none; what is told of it is told by whoever calls."""
    for status in {passage(each) for each in candidatures}:
        await set_status(tx, candidatures, status)


LOCK = "SELECT to_jsonb(c) AS candidature FROM candidature c WHERE c.id = ANY($1) ORDER BY c.id FOR UPDATE"
