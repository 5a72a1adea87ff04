"""Réunions d'échange de pratiques: between the two modules, trained people of a bassin convene those of its schools."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from common.contracts.hr_networks import MeetingCancelled, MeetingMoved, MeetingPlanned
from common.contracts.training import HalfDay
from common.identifiers import CodeAcademie, CodeBassin, CommuneInsee
from common.refusal import FieldError, Forbidden, Malformed, Refusal
from common.texts import Line

MIDDAY = time(13)  # where the morning ends for attendance and expenses; ours, no source gives one
FURTHEST = timedelta(days=730)

Moment = Annotated[datetime, Meta(tz=True)]
Animateurs = Annotated[tuple[UUID, ...], Meta(min_length=1, max_length=20)]  # persons


class NotConvener(Forbidden):
    code = "not-convener"
    title = "Réunion d’un autre bassin"
    explanation = (
        "Les réunions d’un bassin sont organisées par ses animateurs : les personnes qui ont suivi le premier module "
        "de la formation, ou qui ont reçu un mandat d’animateur de ce bassin."
    )


class NoNetwork(Refusal):
    code = "no-network"
    title = "Réseau non activé"
    explanation = "Le réseau de ressources humaines de ce bassin n’est pas activé pour cette fonction."


class OfferNotHeardOf(Malformed):
    code = "offer-not-heard-of"
    title = "Offre inconnue des réseaux"
    explanation = "Seule une offre publiée donne lieu à des réunions. Publiée à l’instant, elle est connue sous peu."


class NotBetweenModules(Refusal):
    code = "not-between-modules"
    title = "Réunion hors de l’intersession"
    explanation = "Une réunion a lieu après le dernier jour du premier module et avant le premier jour du second."


class MeetingInThePast(Refusal):
    code = "meeting-in-the-past"
    title = "Réunion à une heure passée"


class MeetingTooFar(Refusal):
    code = "meeting-too-far"
    title = "Réunion trop lointaine"
    explanation = "Une réunion se planifie deux ans à l’avance au plus."


class NotOneDay(Malformed):
    code = "not-one-day"
    title = "Horaires incohérents"
    explanation = "Une réunion finit après son début, le même jour à l’heure de l’académie : une ou deux demi-journées."


class HalfDayTaken(Refusal):
    code = "half-day-taken"
    title = "Demi-journée déjà prise"
    explanation = "Un bassin tient une seule réunion d’une offre par demi-journée : on n’est convié qu’à une à la fois."


class AnimateurNotTrained(Malformed):
    code = "animateur-not-trained"
    title = "Animateur non formé"
    explanation = "Une réunion est animée par des personnes du bassin qui ont suivi le premier module de l’offre."


class MeetingUnchanged(Refusal):
    code = "meeting-unchanged"
    title = "Réunion inchangée"


class MeetingIsCancelled(Refusal):
    code = "meeting-cancelled"
    title = "Réunion annulée"
    explanation = "Une réunion annulée le reste ; une autre peut être planifiée."


class MeetingIsHeld(Refusal):
    code = "meeting-held"
    title = "Réunion déjà tenue"
    explanation = "Une réunion tenue n’est plus déplacée ni annulée ; seul son émargement se corrige."


class Status(StrEnum):
    PLANNED = "planned"
    CANCELLED = "cancelled"
    HELD = "held"

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS = {Status.PLANNED: "prévue", Status.CANCELLED: "annulée", Status.HELD: "tenue"}


class MeetingWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    offer: UUID
    bassin: CodeBassin
    starts_at: Moment
    ends_at: Moment
    place: Line
    commune: CommuneInsee
    animateurs: Animateurs


class ChangeWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes; the rest stays."""

    starts_at: Moment | None = None
    ends_at: Moment | None = None
    place: Line | None = None
    commune: CommuneInsee | None = None
    animateurs: Animateurs | None = None


class Convener(Struct, frozen=True, kw_only=True):
    """Whoever convenes: by a mandate of the bassin, or as the person that his login is."""

    mandated: bool
    person: UUID | None


class Offer(Struct, frozen=True, kw_only=True):
    """The offer whose trained people convene, and the days between its modules, both excluded."""

    id: UUID
    function: str
    first_ends_on: date | None
    second_begins_on: date | None


class Frame(Struct, frozen=True, kw_only=True):
    """What a meeting is judged against."""

    offer: Offer | None
    network: UUID | None
    trained: frozenset[UUID]  # animateurs of the bassin for this offer
    taken: frozenset[HalfDay]  # by the other meetings of the bassin and offer


class Meeting(Struct, frozen=True, kw_only=True):
    id: UUID
    academie: CodeAcademie
    offer: UUID
    function: str
    bassin: CodeBassin
    starts_at: datetime
    ends_at: datetime
    place: str
    commune: CommuneInsee
    animateurs: tuple[UUID, ...]
    status: Status
    revision: int


def refuse_stranger(convener: Convener, trained: frozenset[UUID]) -> None:
    if not convener.mandated and (convener.person is None or convener.person not in trained):
        raise NotConvener


def half_days(starts_at: datetime, ends_at: datetime, zone: str) -> tuple[HalfDay, ...]:
    """The morning, the afternoon or both, of the one local day."""
    start, end = starts_at.astimezone(ZoneInfo(zone)), ends_at.astimezone(ZoneInfo(zone))
    halves = [*(["am"] if start.time() < MIDDAY else []), *(["pm"] if end.time() > MIDDAY else [])]
    return tuple(HalfDay(start.date(), half) for half in halves)


def plan(meeting: UUID, wish: MeetingWish, frame: Frame, *, zone: str, at: datetime) -> MeetingPlanned:
    if frame.offer is None:
        raise OfferNotHeardOf(errors=[FieldError(pointer="/offer", detail="Cette offre n’est pas publiée.")])
    if frame.network is None:
        raise NoNetwork
    taking = judged_time(wish.starts_at, wish.ends_at, frame, zone=zone, at=at)
    return MeetingPlanned(
        subject=meeting,
        offer=wish.offer,
        function=frame.offer.function,
        bassin=wish.bassin,
        starts_at=wish.starts_at,
        ends_at=wish.ends_at,
        half_days=taking,
        place=wish.place,
        commune=wish.commune,
        animateurs=judged_animateurs(wish.animateurs, frame.trained),
    )


def move(meeting: Meeting, wish: ChangeWish, frame: Frame, *, zone: str, at: datetime) -> MeetingMoved:
    """The whole meeting as it is to be; what does not change is judged again too."""
    refuse_settled(meeting)
    changed = {name: value for name, value in msgspec.structs.asdict(wish).items() if value is not None}
    after = msgspec.structs.replace(meeting, **changed)
    if after == meeting:
        raise MeetingUnchanged
    return MeetingMoved(
        subject=meeting.id,
        offer=meeting.offer,
        function=meeting.function,
        bassin=meeting.bassin,
        starts_at=after.starts_at,
        ends_at=after.ends_at,
        half_days=judged_time(after.starts_at, after.ends_at, frame, zone=zone, at=at),
        place=after.place,
        commune=after.commune,
        animateurs=judged_animateurs(after.animateurs, frame.trained),
    )


def cancel(meeting: Meeting) -> MeetingCancelled:
    """Why stays here, in the audit: it may speak of somebody."""
    refuse_settled(meeting)
    return MeetingCancelled(subject=meeting.id, offer=meeting.offer, bassin=meeting.bassin)


def refuse_settled(meeting: Meeting) -> None:
    if meeting.status is Status.CANCELLED:
        raise MeetingIsCancelled
    if meeting.status is Status.HELD:
        raise MeetingIsHeld


def judged_time(
    starts_at: datetime, ends_at: datetime, frame: Frame, *, zone: str, at: datetime
) -> tuple[HalfDay, ...]:
    """The half-days that it takes, if it may."""
    if starts_at <= at:
        raise MeetingInThePast
    if starts_at - at > FURTHEST:  # before any reckoning in local time, which ends with the year 9999
        raise MeetingTooFar
    refuse_more_than_a_day(starts_at, ends_at, zone)
    taking = half_days(starts_at, ends_at, zone)
    refuse_outside_the_intersession(taking[0].day, frame.offer)
    if not frame.taken.isdisjoint(taking):
        raise HalfDayTaken
    return taking


def refuse_more_than_a_day(starts_at: datetime, ends_at: datetime, zone: str) -> None:
    local = ZoneInfo(zone)
    lasts = ends_at - starts_at
    if lasts <= timedelta() or lasts >= timedelta(days=1):
        raise NotOneDay(errors=[FieldError(pointer="/ends_at", detail="La fin suit le début, le même jour.")])
    if starts_at.astimezone(local).date() != ends_at.astimezone(local).date():
        raise NotOneDay(errors=[FieldError(pointer="/ends_at", detail="La réunion finit un autre jour.")])


def refuse_outside_the_intersession(day: date, offer: Offer | None) -> None:
    """« Mise en œuvre … durant l'inter-session », letter of 26 Oct 2007; with one module only it has no end."""
    if offer is None or offer.first_ends_on is None:
        raise NotBetweenModules
    if day <= offer.first_ends_on or (offer.second_begins_on is not None and day >= offer.second_begins_on):
        raise NotBetweenModules


def judged_animateurs(named: Sequence[UUID], trained: frozenset[UUID]) -> tuple[UUID, ...]:
    """« à condition de former des personnels à ce type d'animation », letter of 26 Oct 2007."""
    untrained = [
        FieldError(pointer=f"/animateurs/{place}", detail="Cette personne n’a pas suivi le premier module.")
        for place, person in enumerate(named)
        if person not in trained
    ]
    if untrained or not named:
        raise AnimateurNotTrained(errors=untrained)
    return tuple(dict.fromkeys(named))
