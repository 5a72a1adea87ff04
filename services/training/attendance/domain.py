"""Émargement: who came to a session, half-day by half-day; a module is followed when no half-day is missing."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, TypeAlias
from uuid import UUID, uuid5

from msgspec import Meta, Struct

from common.contracts.training import ModuleFollowed, ModuleMissed
from common.identifiers import CodeAcademie
from common.refusal import FieldError, Malformed, Refusal
from common.texts import Line
from training.candidatures.domain import Candidature, Status, attend, miss
from training.sessions.domain import Half, HalfDay


class SessionNotBegun(Refusal):
    code = "session-not-begun"
    title = "Session pas encore commencée"
    explanation = "L’émargement se saisit à partir du premier jour de la session."


class NobodyConvened(Refusal):
    code = "nobody-convened"
    title = "Personne n’a été convoqué"
    explanation = "L’émargement porte sur les personnes convoquées à la session."


class RollIncoherent(Malformed):
    code = "roll-incoherent"
    title = "Émargement incohérent"
    explanation = (
        "Chaque personne convoquée y figure une fois par demi-journée de la session, présente ou absente ; seule une "
        "absence se justifie."
    )


class RollReasonRequired(Malformed):
    code = "roll-reason-required"
    title = "Motif de la correction absent"
    explanation = "Un émargement déjà enregistré se corrige avec un motif."


class RollUnchanged(Refusal):
    code = "roll-unchanged"
    title = "Émargement inchangé"


class RecognitionRestsOnIt(Refusal):
    code = "recognition-rests-on-it"
    title = "Compétence déjà reconnue"
    explanation = "La compétence a été reconnue sur la foi de cette présence : révoquer d’abord la reconnaissance."


class PresenceWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    candidature: UUID
    day: date
    half: Half
    present: bool
    justified: bool = False  # an absence that was explained


class RollWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """L’émargement entier d’une session ; `reason` est exigé pour le corriger."""

    presences: Annotated[tuple[PresenceWish, ...], Meta(min_length=1, max_length=5_000)]
    reason: Line | None = None


class Outcome(Struct, frozen=True):
    """What an attendance amounts to for one person."""

    followed: bool
    justified: bool  # every absence was


class Roll(Struct, frozen=True, kw_only=True):
    """A session, those who are convened to it, and what was recorded before."""

    academie: CodeAcademie
    session: UUID
    offer: UUID
    module: UUID
    rank: int
    version: int  # 0 while nothing is recorded
    half_days: tuple[HalfDay, ...]
    convened: tuple[Candidature, ...]
    recorded: tuple[PresenceWish, ...]
    outcomes: Mapping[UUID, Outcome]


Fact: TypeAlias = ModuleFollowed | ModuleMissed


def note(roll: Roll, wish: RollWish, *, today: date) -> list[Fact]:
    """What became true, or is corrected; of whom nothing changes nothing is told."""
    if roll.half_days[0].day > today:
        raise SessionNotBegun
    if not roll.convened:
        raise NobodyConvened
    if roll.version and wish.reason is None:
        raise RollReasonRequired(errors=[FieldError(pointer="/reason", detail="Indiquez le motif.")])
    if errors := [*misplaced(roll, wish.presences), *forgotten(roll, wish.presences)]:
        raise RollIncoherent(errors=errors)
    if roll.version and frozenset(map(key_of, wish.presences)) == frozenset(map(key_of, roll.recorded)):
        raise RollUnchanged
    changed = [each for each in roll.convened if outcome(each.id, wish.presences) != roll.outcomes.get(each.id)]
    if any(each.status is Status.RECOGNISED for each in changed):
        raise RecognitionRestsOnIt
    return [told(roll, each, outcome(each.id, wish.presences)) for each in changed]


def key_of(wish: PresenceWish) -> tuple[UUID, date, str, bool, bool]:
    return (wish.candidature, wish.day, wish.half, wish.present, wish.justified)


def misplaced(roll: Roll, wishes: Sequence[PresenceWish]) -> Iterator[FieldError]:
    known = {each.id for each in roll.convened}
    seen: set[tuple[UUID, HalfDay]] = set()
    for place, wish in enumerate(wishes):
        pointer, half_day = f"/presences/{place}", HalfDay(wish.day, wish.half)
        if wish.candidature not in known:
            yield FieldError(pointer=f"{pointer}/candidature", detail="Non convoquée à la session", code="not-convened")
        if half_day not in roll.half_days:
            yield FieldError(pointer=f"{pointer}/day", detail="Hors de la session", code="not-of-the-session")
        if (wish.candidature, half_day) in seen:
            yield FieldError(pointer=pointer, detail="Figure déjà plus haut", code="duplicate-presence")
        if wish.present and wish.justified:
            yield FieldError(pointer=f"{pointer}/justified", detail="Seule une absence se justifie", code="justified")
        seen.add((wish.candidature, half_day))


def forgotten(roll: Roll, wishes: Sequence[PresenceWish]) -> Iterator[FieldError]:
    said = {(wish.candidature, HalfDay(wish.day, wish.half)) for wish in wishes}
    for each in roll.convened:
        if any((each.id, half_day) not in said for half_day in roll.half_days):
            detail = f"Il manque au moins une demi-journée de la candidature {each.id}"
            yield FieldError(pointer="/presences", detail=detail, code="presence-missing")


def outcome(candidature: UUID, wishes: Sequence[PresenceWish]) -> Outcome:
    mine = [wish for wish in wishes if wish.candidature == candidature]
    missed = [wish for wish in mine if not wish.present]
    return Outcome(followed=not missed, justified=bool(missed) and all(wish.justified for wish in missed))


def told(roll: Roll, candidature: Candidature, now: Outcome) -> Fact:
    subject = uuid5(candidature.id, f"module:{roll.module}")
    if now.followed:
        return ModuleFollowed(
            subject=subject,
            offer=roll.offer,
            module=roll.module,
            rank=roll.rank,
            candidature=candidature.id,
            person=candidature.person,
            bassin=candidature.bassin,
        )
    return ModuleMissed(
        subject=subject,
        offer=roll.offer,
        module=roll.module,
        rank=roll.rank,
        candidature=candidature.id,
        person=candidature.person,
        bassin=candidature.bassin,
        justified=now.justified,
    )


def passing(roll: Roll, facts: Sequence[Fact]) -> dict[UUID, Status]:
    """The state of a candidature says what was recorded last."""
    mine = {each.id: each for each in roll.convened}
    to = {fact.candidature: Status.PRESENT if isinstance(fact, ModuleFollowed) else Status.ABSENT for fact in facts}
    return {
        candidature: attend(mine[candidature]) if status is Status.PRESENT else miss(mine[candidature])
        for candidature, status in to.items()
        if mine[candidature].status is not status
    }
