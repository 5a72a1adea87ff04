"""A group of a module with its convocations, read under their counter."""

from uuid import UUID

import msgspec

from common.identifiers import dec_hook
from common.tx import Tx
from training.convocations.domain import SessionSheet, UnknownSession
from training.papers.store import local_days


async def hold(tx: Tx, session: UUID) -> SessionSheet:
    sheet = await tx.fetchval("SELECT session_sheet($1, $2)", session, local_days(tx))
    if sheet is None:
        raise UnknownSession
    return msgspec.json.decode(sheet, type=SessionSheet, dec_hook=dec_hook)
