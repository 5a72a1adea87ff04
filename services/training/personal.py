"""All that training holds of a person, put together from each capability that holds something."""

from collections.abc import Mapping
from uuid import UUID

from common.people import Personal
from common.tx import Tx
from training.candidatures import personal as candidatures
from training.papers import personal as papers
from training.sizing import personal as sizing

PARTS = (sizing.PERSONAL, candidatures.PERSONAL, papers.PERSONAL)


async def export(tx: Tx, person: UUID) -> Mapping[str, object]:
    held: dict[str, object] = {}
    for part in PARTS:
        held |= await part.export(tx, person)
    return held


async def erase(tx: Tx, person: UUID) -> Mapping[str, int]:
    blanked: dict[str, int] = {}
    for part in PARTS:
        blanked |= await part.erase(tx, person)
    return blanked


PERSONAL = Personal(export=export, erase=erase)
