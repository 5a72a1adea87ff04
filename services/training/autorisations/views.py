"""Who may go to a meeting: the answers of the chefs d'établissement, and their silence."""

from datetime import datetime
from typing import Self
from uuid import UUID

import msgspec
from msgspec import Struct

from common.identifiers import CodeAcademie, CodeBassin, Uai, dec_hook
from common.refusal import UnknownMeeting
from common.tx import Tx
from training.autorisations.domain import AnswerState


class AutorisationView(Struct, frozen=True, kw_only=True):
    """La réponse d’un chef d’établissement pour une personne conviée, ou l’absence de réponse."""

    person: UUID
    name: str
    uai: Uai
    school: str
    state: AnswerState
    state_label: str
    paper: UUID | None
    number: str | None
    answered_at: datetime | None
    outdated: bool  # given for a date or a place that the meeting has no more
    reason: str | None  # of a refusal; never shown to a bassin role


class AutorisationsView(Struct, frozen=True, kw_only=True):
    """Les réponses reçues pour une réunion. « Sans réponse » ne vaut ni oui ni non."""

    meeting: UUID
    granted: int
    refused: int
    not_answered: int
    people: list[AutorisationView]

    @classmethod
    def of(cls, meeting: UUID, people: list[AutorisationView]) -> Self:
        states = [each.state for each in people]
        return cls(
            meeting=meeting,
            granted=states.count(AnswerState.GRANTED),
            refused=states.count(AnswerState.REFUSED),
            not_answered=states.count(AnswerState.NOT_ANSWERED),
            people=people,
        )


class Place(Struct, frozen=True, kw_only=True):
    """Where a meeting belongs."""

    academie: CodeAcademie
    bassin: CodeBassin


async def place(tx: Tx, meeting: UUID) -> Place:
    row = await tx.fetchrow("SELECT academie, bassin FROM meeting WHERE id = $1", meeting)
    if row is None:
        raise UnknownMeeting
    return msgspec.convert(dict(row), Place, dec_hook=dec_hook)


async def autorisations(tx: Tx, meeting: UUID, *, uais: list[Uai] | None, reasons: bool) -> AutorisationsView:
    """Of all who are convened, or of those of some schools."""
    rows = await tx.fetch(LIST, meeting, uais, reasons)
    labelled = [{**row, "state_label": AnswerState(row["state"]).label} for row in rows]
    return AutorisationsView.of(meeting, msgspec.convert(labelled, list[AutorisationView], dec_hook=dec_hook))


# Somebody convened whom two schools name has a line for each.
LIST = """
SELECT who.person, who.uai, coalesce(s.name, '') AS school,
    CASE WHEN coalesce(p.family_name, '') = '' THEN 'nom effacé' ELSE p.given_names || ' ' || p.family_name END AS name,
    CASE a.granted WHEN true THEN 'granted' WHEN false THEN 'refused' ELSE 'not-answered' END AS state,
    a.id AS paper, a.number, a.issued_at AS answered_at,
    coalesce((t.content #>> '{occasion,slots,0,starts_at}')::timestamptz <> m.starts_at
        OR (t.content #>> '{occasion,slots,0,ends_at}')::timestamptz <> m.ends_at
        OR t.content #>> '{occasion,place}' <> m.place, false) AS outdated,
    CASE WHEN $3 AND NOT a.granted THEN (
        SELECT l ->> 'value' FROM jsonb_array_elements(t.content -> 'lines') l
        WHERE l ->> 'label' = 'Motif du refus') END AS reason
FROM meeting m
CROSS JOIN LATERAL (
    SELECT c.person, coalesce(n.uai, c.uai) AS uai FROM paper c
    LEFT JOIN secretaries_of(m.academie, m.function, m.bassin, (c.issued_at AT TIME ZONE 'UTC')::date) n
        ON n.person = c.person
    WHERE (c.academie, c.kind, c.subject) = (m.academie, 'CV', m.id) AND c.cancels IS NULL AND c.cancelled_by IS NULL
) AS who
LEFT JOIN paper a ON (a.academie, a.kind, a.subject, a.person, a.uai) = (m.academie, 'AU', m.id, who.person, who.uai)
    AND a.cancels IS NULL AND a.cancelled_by IS NULL
LEFT JOIN paper_print t ON (t.academie, t.paper) = (a.academie, a.id)
LEFT JOIN person p ON (p.academie, p.id) = (m.academie, who.person)
LEFT JOIN school s ON (s.academie, s.uai) = (m.academie, who.uai)
WHERE m.id = $1 AND ($2::text[] IS NULL OR who.uai = ANY($2))
ORDER BY who.uai, p.family_name, p.given_names, who.person
"""
