"""How the bassins of an offer stand: who applied, what avis they have, who goes, and where too few do."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from common.clock import zone_of
from common.identifiers import CodeAcademie, CodeBassin, dec_hook
from common.tx import Tx
from training.avis.domain import legal_note
from training.candidatures.domain import Candidature, Status
from training.offers.domain import UnknownOffer
from training.quotas.domain import Quotas, is_under
from training.selection.domain import Line, explanation, propose

UNDER = "sous quota"


class BassinStanding(Struct, frozen=True, kw_only=True):
    """Un bassin dans une offre : sa fourchette, ses candidatures, qui part."""

    bassin: CodeBassin
    name: str
    minimum: int
    maximum: int
    candidatures: int
    by_status: dict[str, int]
    by_avis: dict[str, int]
    going: int
    decided_at: datetime | None
    under_minimum: bool  # a warning: fewer go, or could go, than the bassin must send
    warning: str | None  # « sous quota »


class SelectionLine(Struct, frozen=True, kw_only=True):
    """Une candidature dans l’ordre de la règle, ou ce qu’elle est devenue."""

    candidature: UUID
    person: UUID
    place: int | None
    status: Status
    status_label: str
    proposed: Status | None  # none once it is decided
    explanation: str
    legal_note: str | None
    rank: int | None
    accept_by: date | None


class SelectionView(BassinStanding, frozen=True, kw_only=True):
    """La sélection d’un bassin : proposée par la règle, ou arrêtée."""

    by_hand: bool | None
    lines: list[SelectionLine]


class Loaded(Struct, frozen=True, kw_only=True):
    academie: CodeAcademie
    quotas: Quotas
    names: Mapping[CodeBassin, str]
    selections: Mapping[CodeBassin, tuple[bool, datetime]]
    candidatures: tuple[Candidature, ...]


async def bassins(tx: Tx, offer: UUID, only: Collection[CodeBassin] | None) -> list[BassinStanding]:
    """All of them, or those that a bassin role may look at; a bassin without candidate is one that is under quota."""
    loaded = await load(tx, offer)
    known = {*loaded.names, *(each.bassin for each in loaded.candidatures)}
    return [standing(loaded, code) for code in sorted(known) if only is None or code in only]


async def selection(tx: Tx, offer: UUID, bassin: CodeBassin) -> SelectionView:
    loaded = await load(tx, offer)
    by_hand, _ = loaded.selections.get(bassin, (None, None))
    view = standing(loaded, bassin)
    return SelectionView(**msgspec.structs.asdict(view), by_hand=by_hand, lines=lines(loaded, bassin))


async def load(tx: Tx, offer: UUID) -> Loaded:
    row = await tx.fetchrow(LOAD, offer)
    if row is None:
        raise UnknownOffer
    return msgspec.json.decode(row["loaded"], type=Loaded, dec_hook=dec_hook)


def standing(loaded: Loaded, bassin: CodeBassin) -> BassinStanding:
    members = of(loaded, bassin)
    quota, decided = loaded.quotas.of(bassin), loaded.selections.get(bassin)
    going = sum(each.goes for each in members)
    could_go = going if decided else sum(line.place is not None for line in proposal(members, loaded, bassin))
    under = is_under(quota, could_go)
    return BassinStanding(
        bassin=bassin,
        name=loaded.names.get(bassin, ""),
        minimum=quota.minimum,
        maximum=quota.maximum,
        candidatures=len(members),
        by_status=dict(Counter(each.status.value for each in members)),
        by_avis=dict(Counter(each.avis_value for each in members if each.avis_value)),
        going=going,
        decided_at=decided[1] if decided else None,
        under_minimum=under,
        warning=UNDER if under else None,
    )


def of(loaded: Loaded, bassin: CodeBassin) -> list[Candidature]:
    return [each for each in loaded.candidatures if each.bassin == bassin]


def proposal(members: Sequence[Candidature], loaded: Loaded, bassin: CodeBassin) -> list[Line]:
    return propose(members, loaded.quotas.of(bassin))


def lines(loaded: Loaded, bassin: CodeBassin) -> list[SelectionLine]:
    members, zone = of(loaded, bassin), zone_of(loaded.academie)
    if bassin in loaded.selections:
        ranked = sorted(members, key=lambda each: (not each.goes, each.rank or len(members) + 1, each.submitted_at))
        return [shown(each, place=None, proposed=None, why=f"Décidée : {each.status.label}.") for each in ranked]
    proposed = proposal(members, loaded, bassin)
    seen = {line.candidature.id for line in proposed}
    ordered = [
        shown(line.candidature, place=line.place, proposed=line.proposed, why=explanation(line, zone))
        for line in proposed
    ]
    others = [each for each in members if each.id not in seen]
    return [*ordered, *(shown(each, place=None, proposed=None, why=f"{each.status.label}.") for each in others)]


def shown(candidature: Candidature, *, place: int | None, proposed: Status | None, why: str) -> SelectionLine:
    return SelectionLine(
        candidature=candidature.id,
        person=candidature.person,
        place=place,
        status=candidature.status,
        status_label=candidature.status.label,
        proposed=proposed,
        explanation=why,
        legal_note=legal_note(candidature.refusals),
        rank=candidature.rank,
        accept_by=candidature.accept_by,
    )


LOAD = """
SELECT jsonb_build_object('academie', o.academie, 'quotas', o.quotas,
    'names', (SELECT coalesce(jsonb_object_agg(b.code, b.name), '{}') FROM bassin b WHERE b.academie = o.academie),
    'selections', (SELECT coalesce(jsonb_object_agg(s.bassin, jsonb_build_array(s.by_hand, s.decided_at)), '{}')
        FROM selection s WHERE (s.academie, s.offer) = (o.academie, o.id)),
    'candidatures', (SELECT coalesce(jsonb_agg(to_jsonb(c) ORDER BY c.submitted_at, c.id), '[]') FROM candidature c
        WHERE (c.academie, c.offer) = (o.academie, o.id) AND c.submitted_at IS NOT NULL)) AS loaded
FROM offer o WHERE o.id = $1 AND o.status = 'published'
"""
