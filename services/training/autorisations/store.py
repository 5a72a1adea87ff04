"""A meeting with the answers of the chefs d'établissement, and who was convened to it."""

from uuid import UUID

import msgspec
from msgspec import Struct

from common.identifiers import dec_hook
from common.refusal import UnknownMeeting
from common.tx import Tx
from training.meetings.domain import Sheet
from training.papers.domain import Kind
from training.papers.store import local_days


class Answering(Struct, frozen=True):
    sheet: Sheet
    convened: frozenset[UUID]


async def hold(tx: Tx, meeting: UUID) -> Answering:
    row = await tx.fetchrow(HOLD, meeting, Kind.AUTORISATION, local_days(tx))
    if row is None or row["sheet"] is None:
        raise UnknownMeeting
    sheet = msgspec.json.decode(row["sheet"], type=Sheet, dec_hook=dec_hook)
    return Answering(sheet, frozenset(row["convened"]))


HOLD = """
SELECT meeting_sheet($1, $2, $3) AS sheet, ARRAY(
    SELECT person FROM paper
    WHERE subject = $1 AND kind = 'CV' AND cancels IS NULL AND cancelled_by IS NULL) AS convened
"""
