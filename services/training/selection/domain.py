"""Sélection: each bassin sends as many people as its quota allows; proposed by rule, decided by people, once."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from common.contracts.training import CandidatureNotRetained, CandidatureRetained, CandidatureWaitlisted
from common.identifiers import CodeBassin
from common.refusal import FieldError, Malformed, Refusal
from training.avis.domain import Value
from training.candidatures.domain import Candidature, Status
from training.groups.domain import refuse_full
from training.promotions.domain import Standing
from training.quotas.domain import Quota

Decision: TypeAlias = CandidatureRetained | CandidatureWaitlisted | CandidatureNotRetained


class SelectionAlreadyDecided(Refusal):
    code = "selection-already-decided"
    title = "Sélection déjà arrêtée"
    explanation = (
        "La sélection d’un bassin s’arrête une fois ; ensuite seuls les désistements font appeler les suivants."
    )


class NothingToSelect(Refusal):
    code = "nothing-to-select"
    title = "Aucune candidature dans ce bassin"


class ApplicationsStillOpen(Refusal):
    code = "applications-still-open"
    title = "Candidatures encore ouvertes"


class AvisPending(Refusal):
    code = "avis-pending"
    title = "Avis encore attendus"
    explanation = "La sélection d’un bassin attend l’avis, ou l’échéance, de chacune de ses candidatures."


class LapseUndecided(Refusal):
    code = "lapse-undecided"
    title = "Candidatures sans avis à décider"
    explanation = "Pour chaque candidature sans avis à l’échéance, décider d’abord si elle se poursuit (avis-lapse)."


class OverQuota(Refusal):
    code = "over-quota"
    title = "Quota du bassin dépassé"


class NotSelectable(Malformed):
    code = "not-selectable"
    title = "Candidature qui ne peut pas être retenue"
    explanation = "On retient des candidatures du bassin dont l’avis est rendu, ou dont la suite est décidée sans avis."


class SelectionReasonRequired(Malformed):
    code = "selection-reason-required"
    title = "Motif absent"
    explanation = "Une sélection qui s’écarte de l’ordre proposé est motivée."


class Line(Struct, frozen=True, kw_only=True):
    """A candidature and the place that the rule gives it; without place it is not proposed."""

    candidature: Candidature
    place: int | None
    proposed: Status


def propose(candidatures: Iterable[Candidature], quota: Quota) -> list[Line]:
    """Favourable avis first, then reserved, then those that go on without one; the oldest first among equals."""
    judged = [each for each in candidatures if each.status in (Status.AVIS_GIVEN, Status.AVIS_LAPSED)]
    supported = sorted(
        (each for each in judged if is_supported(each)),
        key=lambda each: (standing_of(each), each.submitted_at, each.id),
    )
    lines = [
        Line(candidature=each, place=place, proposed=Status.RETAINED if place <= quota.maximum else Status.WAITLISTED)
        for place, each in enumerate(supported, start=1)
    ]
    others = sorted((each for each in judged if not is_supported(each)), key=lambda each: (each.submitted_at, each.id))
    return [*lines, *(Line(candidature=each, place=None, proposed=Status.NOT_RETAINED) for each in others)]


def is_supported(candidature: Candidature) -> bool:
    if candidature.status is Status.AVIS_LAPSED:
        return candidature.goes_on is True
    return candidature.avis_value != Value.DEFAVORABLE


def standing_of(candidature: Candidature) -> int:
    return {Value.FAVORABLE: 0, Value.RESERVE: 1}.get(Value(candidature.avis_value), 2) if candidature.avis_value else 2


def explanation(line: Line, zone: str) -> str:
    """Why a candidature stands where it stands."""
    candidature = line.candidature
    if candidature.avis_value is not None:
        support = Value(candidature.avis_value).label
    elif candidature.goes_on:
        support = "sans avis à l’échéance, poursuivie par décision du service de formation"
    else:
        return "Sans avis à l’échéance : le service de formation n’a pas encore décidé de sa suite."
    if line.place is None:
        return f"Non proposée : {support}."
    assert candidature.submitted_at is not None
    return f"Place {line.place} : {support}, déposée le {local(candidature.submitted_at, zone)}."


def local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%d/%m/%Y à %H:%M}"


def decide(
    standing: Standing, bassin: CodeBassin, retained: Collection[UUID] | None, *, reason: str | None, today: date
) -> tuple[list[Decision], bool]:
    """What becomes of each candidature of the bassin, and whether it was changed by hand."""
    candidatures = standing.of(bassin)
    if bassin in standing.selected:
        raise SelectionAlreadyDecided
    if not candidatures:
        raise NothingToSelect
    refuse_early(standing, candidatures, today=today)
    quota = standing.quotas.of(bassin)
    lines = propose(candidatures, quota)
    by_rule = [line.candidature.id for line in lines if line.proposed is Status.RETAINED]
    chosen = set(by_rule) if retained is None else set(retained)
    refuse_unselectable(chosen, lines)
    refuse_over(len(chosen), bassin, quota)
    by_hand = chosen != set(by_rule)
    if by_hand and reason is None:
        errors = [FieldError(pointer="/reason", detail="Motiver l’écart à l’ordre proposé.", code="missing")]
        raise SelectionReasonRequired(errors=errors)
    going = [line.candidature for line in lines if line.candidature.id in chosen]
    refuse_crowding(standing, going)
    return [*map(retain, going), *leave(lines, chosen)], by_hand


def refuse_early(standing: Standing, candidatures: Sequence[Candidature], *, today: date) -> None:
    if today <= standing.closes_on:
        raise ApplicationsStillOpen(f"Elles sont reçues jusqu’au {standing.closes_on:%d/%m/%Y} inclus.")
    pending = sum(each.status is Status.SUBMITTED for each in candidatures)
    if pending:
        raise AvisPending(f"Avis attendus : {pending}.")
    undecided = sum(each.status is Status.AVIS_LAPSED and each.goes_on is None for each in candidatures)
    if undecided:
        raise LapseUndecided(f"Candidatures concernées : {undecided}.")


def refuse_unselectable(chosen: Collection[UUID], lines: Iterable[Line]) -> None:
    known = {line.candidature.id for line in lines}
    if unknown := sorted(set(chosen) - known):
        detail = f"Candidature(s) : {', '.join(map(str, unknown))}."
        error = FieldError(pointer="/retained", detail="Ces candidatures ne peuvent pas être retenues.", code="unknown")
        raise NotSelectable(detail, errors=[error])


def refuse_over(number: int, bassin: CodeBassin, quota: Quota) -> None:
    if number > quota.maximum:
        allowed = f"de {quota.minimum} à {quota.maximum} personnes"
        raise OverQuota(f"Le bassin {bassin} envoie {allowed} : {number} seraient retenues.")


def refuse_crowding(standing: Standing, going: Iterable[Candidature]) -> None:
    """The groups of those who go have a place for each of them."""
    taken = standing.taken(but=UUID(int=0))
    for each in going:
        refuse_full(each.groups.values(), standing.modules, taken)
        taken.update(each.groups.values())


def retain(candidature: Candidature) -> CandidatureRetained:
    return CandidatureRetained(
        subject=candidature.id, offer=candidature.offer, person=candidature.person, bassin=candidature.bassin
    )


def leave(lines: Iterable[Line], chosen: Collection[UUID]) -> list[Decision]:
    """The others: those supported wait in the order of the rule."""
    others = [line for line in lines if line.candidature.id not in chosen]
    waiting = [line.candidature for line in others if line.place is not None]
    ended = [line.candidature for line in others if line.place is None]
    return [*(wait(each, rank) for rank, each in enumerate(waiting, start=1)), *map(end, ended)]


def wait(candidature: Candidature, rank: int) -> CandidatureWaitlisted:
    return CandidatureWaitlisted(
        subject=candidature.id,
        offer=candidature.offer,
        person=candidature.person,
        bassin=candidature.bassin,
        rank=rank,
    )


def end(candidature: Candidature) -> CandidatureNotRetained:
    return CandidatureNotRetained(
        subject=candidature.id, offer=candidature.offer, person=candidature.person, bassin=candidature.bassin
    )
