"""A meeting with its papers, read under the counter of their kind."""

from uuid import UUID

import msgspec

from common.identifiers import dec_hook
from common.refusal import UnknownMeeting
from common.tx import Tx
from training.meetings.domain import Sheet
from training.papers.domain import Kind
from training.papers.store import local_days


async def hold(tx: Tx, meeting: UUID, kind: Kind) -> Sheet:
    sheet = await tx.fetchval("SELECT meeting_sheet($1, $2, $3)", meeting, kind, local_days(tx))
    if sheet is None:
        raise UnknownMeeting
    return msgspec.json.decode(sheet, type=Sheet, dec_hook=dec_hook)
