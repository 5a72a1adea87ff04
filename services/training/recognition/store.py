"""Candidatures whose competence may be recognised, read and locked under the counter of attestations."""

from uuid import UUID

import msgspec

from common.identifiers import dec_hook
from common.tx import Tx
from training.candidatures.domain import UnknownCandidature
from training.offers.domain import UnknownOffer
from training.papers.store import PaperSheet, local_days
from training.recognition.domain import NotRecognised, Sheet


async def hold_offer(tx: Tx, offer: UUID) -> Sheet:
    sheet = await tx.fetchval(HOLD, offer, None, local_days(tx))
    if sheet is None:
        raise UnknownOffer
    return msgspec.json.decode(sheet, type=Sheet, dec_hook=dec_hook)


async def hold_one(tx: Tx, candidature: UUID) -> Sheet:
    sheet = await tx.fetchval(HOLD, None, candidature, local_days(tx))
    if sheet is None:
        raise UnknownCandidature
    return msgspec.json.decode(sheet, type=Sheet, dec_hook=dec_hook)


async def hold_attestation(tx: Tx, candidature: UUID) -> PaperSheet:
    """The one in force."""
    sheet = await tx.fetchval(HOLD_ATTESTATION, candidature, local_days(tx))
    if sheet is None:
        raise NotRecognised
    return msgspec.json.decode(sheet, type=PaperSheet, dec_hook=dec_hook)


HOLD = "SELECT recognition_sheet($1, $2, $3)"

HOLD_ATTESTATION = """
SELECT paper_sheet((
    SELECT id FROM paper WHERE kind = 'AC' AND subject = $1 AND cancels IS NULL AND cancelled_by IS NULL), $2)
"""
