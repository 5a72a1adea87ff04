"""A recognition as whoever holds it shows it: its paper, whether it is in force, and what its link signs."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from common.identifiers import CodeAcademie, Uai, dec_hook
from common.tx import Tx
from training.candidatures.domain import UnknownCandidature
from training.papers.domain import State, state_of
from training.recognition.domain import NotRecognised


class RecognitionView(Struct, frozen=True, kw_only=True):
    """Une compétence reconnue, ou dont la reconnaissance a été révoquée."""

    paper: UUID
    number: str
    state: State
    state_label: str
    issued_at: datetime
    sha256: str  # of the PDF
    link: str | None  # signed; none where this installation has no keys to sign with


class Attested(Struct, frozen=True, kw_only=True):
    """The last attestation of a candidature, and who may read it."""

    academie: CodeAcademie
    uai: Uai
    person: UUID
    own: bool
    paper: UUID
    number: str
    cancelled_by: UUID | None
    issued_at: datetime
    sha256: str

    def view(self, link: str | None) -> RecognitionView:
        state = state_of(cancels=None, in_force=self.cancelled_by is None)
        return RecognitionView(
            paper=self.paper,
            number=self.number,
            state=state,
            state_label="révoquée" if state is State.CANCELLED else state.label,
            issued_at=self.issued_at,
            sha256=self.sha256,
            link=link,
        )


async def attested(tx: Tx, candidature: UUID, agent: UUID) -> Attested:
    row = await tx.fetchrow(ATTESTED, candidature, agent)
    if row is None:
        raise UnknownCandidature
    if row["paper"] is None:
        raise NotRecognised
    return msgspec.convert(dict(row), Attested, dec_hook=dec_hook)


ATTESTED = """
SELECT c.academie, c.uai, c.person, EXISTS (
        SELECT FROM linked_person l WHERE (l.academie, l.person, l.agent) = (c.academie, c.person, $2)
            AND NOT l.erased) AS own,
    p.id AS paper, p.number, p.cancelled_by, p.issued_at, encode(p.sha256, 'hex') AS sha256
FROM candidature c LEFT JOIN LATERAL (
    SELECT * FROM paper WHERE (academie, kind, subject) = (c.academie, 'AC', c.id) AND cancels IS NULL
    ORDER BY year DESC, ordinal DESC LIMIT 1
) AS p ON true
WHERE c.id = $1 AND c.status <> 'draft'
"""
