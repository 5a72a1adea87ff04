"""Émargement: who came to a meeting, half-day by half-day; training and pay rest on it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from common.contracts.hr_networks import MeetingHeld, Presence
from common.contracts.training import HalfDay
from common.refusal import FieldError, Malformed, Refusal
from common.texts import Line
from hr_networks.meetings.domain import Meeting, MeetingIsCancelled, Status


class MeetingNotBegun(Refusal):
    code = "meeting-not-begun"
    title = "Réunion pas encore commencée"
    explanation = "L’émargement se saisit une fois la réunion commencée."


class AttendanceIncoherent(Malformed):
    code = "attendance-incoherent"
    title = "Émargement incohérent"
    explanation = (
        "Chaque personne conviée y figure une fois par demi-journée de la réunion, présente ou absente ; seule une "
        "absence se justifie."
    )


class NoAnimateurPresent(Refusal):
    code = "no-animateur-present"
    title = "Aucun animateur présent"
    explanation = "Sans personne formée pour l’animer, la réunion n’a pas eu lieu : annulez-la ou reportez-la."


class CorrectionReasonRequired(Malformed):
    code = "correction-reason-required"
    title = "Motif de la correction absent"
    explanation = "L’émargement d’une réunion déjà tenue se corrige avec un motif."


class AttendanceUnchanged(Refusal):
    code = "attendance-unchanged"
    title = "Émargement inchangé"


class Half(StrEnum):
    AM = "am"
    PM = "pm"

    @property
    def label(self) -> str:
        return "matin" if self is Half.AM else "après-midi"


class PresenceWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    person: UUID
    half: Half
    present: bool
    justified: bool = False  # an absence that was explained


class AttendanceWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """L’émargement entier ; `reason` est exigé pour le corriger."""

    presences: Annotated[tuple[PresenceWish, ...], Meta(min_length=1, max_length=2_000)]
    reason: Line | None = None


class Roll(Struct, frozen=True, kw_only=True):
    """Who is called, and what was recorded before."""

    half_days: tuple[HalfDay, ...]
    convened: frozenset[UUID]  # identified for the function in the schools of the bassin on that day
    trained: frozenset[UUID]  # animateurs of the bassin: one may stand in for another
    recorded: frozenset[Presence]


def hold(meeting: Meeting, wish: AttendanceWish, roll: Roll, *, at: datetime) -> MeetingHeld:
    """The meeting took place; said again of a held one, with a reason, it is a correction."""
    if meeting.status is Status.CANCELLED:
        raise MeetingIsCancelled
    if at < meeting.starts_at:
        raise MeetingNotBegun
    correcting = meeting.status is Status.HELD
    if correcting and wish.reason is None:
        raise CorrectionReasonRequired(errors=[FieldError(pointer="/reason", detail="Indiquez le motif.")])
    if errors := [*misplaced(meeting, wish.presences, roll), *forgotten(meeting, wish.presences, roll)]:
        raise AttendanceIncoherent(errors=errors)
    presences = tuple(presence(each, roll) for each in wish.presences)
    if not any(each.present and each.person in {*meeting.animateurs, *roll.trained} for each in presences):
        raise NoAnimateurPresent
    if correcting and frozenset(presences) == roll.recorded:
        raise AttendanceUnchanged
    return MeetingHeld(
        subject=meeting.id,
        offer=meeting.offer,
        bassin=meeting.bassin,
        animateurs=meeting.animateurs,
        presences=presences,
    )


def called(meeting: Meeting, roll: Roll) -> frozenset[UUID]:
    """Who must be there; to correct is to speak of those who were, not of who joined the bassin's schools since."""
    recorded = frozenset(each.person for each in roll.recorded)
    return (recorded or roll.convened) | frozenset(meeting.animateurs)


def misplaced(meeting: Meeting, wishes: Sequence[PresenceWish], roll: Roll) -> Iterator[FieldError]:
    known = called(meeting, roll) | roll.convened | roll.trained
    halves = {half_day.half for half_day in roll.half_days}
    seen: set[tuple[UUID, Half]] = set()
    for place, wish in enumerate(wishes):
        pointer = f"/presences/{place}"
        if wish.person not in known:
            yield FieldError(pointer=f"{pointer}/person", detail="Personne non conviée", code="not-convened")
        if wish.half not in halves:
            yield FieldError(pointer=f"{pointer}/half", detail="Hors de la réunion", code="not-of-the-meeting")
        if (wish.person, wish.half) in seen:
            yield FieldError(pointer=pointer, detail="Figure déjà plus haut", code="duplicate-presence")
        if wish.present and wish.justified:
            yield FieldError(pointer=f"{pointer}/justified", detail="Seule une absence se justifie", code="justified")
        seen.add((wish.person, wish.half))


def forgotten(meeting: Meeting, wishes: Sequence[PresenceWish], roll: Roll) -> Iterator[FieldError]:
    halves = {half_day.half for half_day in roll.half_days}
    said = Counter(wish.person for wish in wishes if wish.half in halves)
    for person in sorted(called(meeting, roll)):
        if said[person] < len(halves):
            detail = f"Il manque au moins une demi-journée de {person}"
            yield FieldError(pointer="/presences", detail=detail, code="presence-missing")


def presence(wish: PresenceWish, roll: Roll) -> Presence:
    day = roll.half_days[0].day
    return Presence(person=wish.person, day=day, half=wish.half, present=wish.present, justified=wish.justified)
