"""An avis as it was sent, to those who may read it."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from common.tx import Tx
from training.avis.domain import Criterion, Rating, UnknownAvis, Value, legal_note


class RatedView(Struct, frozen=True, kw_only=True):
    """Un critère de l’avis."""

    criterion: Criterion
    criterion_label: str
    rating: Rating
    rating_label: str
    comment: str | None  # none once erased


class AvisView(Struct, frozen=True, kw_only=True):
    """L’avis circonstancié d’un chef d’établissement."""

    id: UUID
    candidature: UUID
    value: Value
    value_label: str
    criteria: list[RatedView]
    reasons: str | None
    given_at: datetime
    legal_note: str | None


async def avis(tx: Tx, candidature: UUID) -> AvisView:
    row = await tx.fetchrow(AVIS, candidature)
    if row is None:
        raise UnknownAvis
    comments = msgspec.json.decode(row["comments"], type=dict[str, str])
    criteria = [rated(criterion, Rating(row[criterion]), comments.get(criterion)) for criterion in Criterion]
    return AvisView(
        id=row["id"],
        candidature=candidature,
        value=(value := Value(row["value"])),
        value_label=value.label,
        criteria=criteria,
        reasons=comments.get("reasons"),
        given_at=row["given_at"],
        legal_note=legal_note(row["refusals"]),
    )


def rated(criterion: Criterion, rating: Rating, comment: str | None) -> RatedView:
    return RatedView(
        criterion=criterion,
        criterion_label=criterion.label,
        rating=rating,
        rating_label=rating.label,
        comment=comment,
    )


AVIS = """
SELECT a.id, a.value, a.competences, a.animation, a.service, a.given_at, c.refusals,
    (SELECT coalesce(jsonb_object_agg(m.about, m.comment), '{}') FROM avis_comment m
     WHERE (m.academie, m.avis) = (a.academie, a.id)) AS comments
FROM avis a JOIN candidature c ON (c.academie, c.id) = (a.academie, a.candidature)
WHERE a.candidature = $1
"""
