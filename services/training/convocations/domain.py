"""Convocation: « les personnels de secrétariat … seront conviés », and whoever goes is called to his group."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from common.contracts.training import ConvocationCancelled, ConvocationIssued, HalfDay
from common.identifiers import CodeAcademie, CommuneInsee
from common.refusal import NotFound, Refusal
from training.candidatures.domain import Candidature, Status, convene
from training.meetings.domain import Meeting, Sheet, refuse_over, tells_otherwise
from training.papers.domain import Counter, Given, Kind, Occasion, Recipient, Slot, cancelled

# What stands for a half-day in an agenda; the paper says half-days. Ours, no source gives hours.
HOURS = {"am": (time(9), time(12)), "pm": (time(14), time(17))}


class UnknownSession(NotFound):
    code = "unknown-session"
    title = "Session introuvable"


class NobodyToConvene(Refusal):
    code = "nobody-to-convene"
    title = "Personne à convoquer"
    explanation = (
        "Une session se convoque une fois ses candidatures retenues, une réunion une fois le recensement fait."
    )


class SessionBegun(Refusal):
    code = "session-begun"
    title = "Session déjà commencée"


class Withholding(StrEnum):
    """Why somebody is not convened."""

    NAME_UNKNOWN = "name-unknown"
    MODULE_NOT_FOLLOWED = "module-not-followed"
    MEETING_NOT_ATTENDED = "meeting-not-attended"

    @property
    def label(self) -> str:
        return WITHHELD[self]


WITHHELD = {
    Withholding.NAME_UNKNOWN: "nom inconnu ou effacé",
    Withholding.MODULE_NOT_FOLLOWED: "module requis non suivi",
    Withholding.MEETING_NOT_ATTENDED: "réunion d’échange de pratiques non tenue, ou tenue sans cette personne",
}


class Part(Struct, frozen=True, kw_only=True):
    """A module, and what it requires."""

    id: UUID
    rank: int
    title: str
    requires_module: int | None
    requires_meeting: bool


class Group(Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    place: str
    commune: CommuneInsee
    half_days: tuple[HalfDay, ...]


class Progress(Struct, frozen=True, kw_only=True):
    """How far somebody is in an offer."""

    candidature: Candidature
    recipient: Recipient
    followed: frozenset[int]  # ranks of the modules that he followed
    met: bool  # he was at a meeting of his bassin that was held


class SessionSheet(Struct, frozen=True, kw_only=True):
    """A group of a module, those who go to it, and its convocations, whose counter is held."""

    academie: CodeAcademie
    offer: UUID
    offer_title: str
    module: Part
    group: Group
    counter: Counter
    papers: tuple[Given, ...]
    going: tuple[Progress, ...]

    def paper_of(self, person: UUID) -> Given | None:
        return next((each for each in self.papers if each.person == person), None)

    @property
    def in_force(self) -> list[Given]:
        return [each for each in self.papers if each.in_force]


class Convening(Struct, frozen=True, kw_only=True):
    """Who is convened to a session, whom that brings from state to state, and who is not convened for what reason."""

    events: list[ConvocationIssued]
    passing: dict[UUID, Status]
    withheld: dict[UUID, Withholding]


Change: TypeAlias = ConvocationCancelled | ConvocationIssued


def slots_of(half_days: Sequence[HalfDay], zone: str) -> tuple[Slot, ...]:
    """One a day: from the beginning of its first half to the end of its last."""
    local = ZoneInfo(zone)
    days: dict[date, list[str]] = {}
    for half_day in sorted(half_days):
        days.setdefault(half_day.day, []).append(half_day.half)
    return tuple(
        Slot(
            datetime.combine(day, HOURS[halves[0]][0], local),
            datetime.combine(day, HOURS[halves[-1]][1], local),
        )
        for day, halves in days.items()
    )


def occasion_of(sheet: SessionSheet, zone: str) -> Occasion:
    group = sheet.group
    summary = f"{sheet.offer_title} – module « {sheet.module.title} », {group.name}"
    return Occasion(summary=summary, place=group.place, commune=group.commune, slots=slots_of(group.half_days, zone))


def convene_secretaries(sheet: Sheet, ids: Iterator[UUID], *, at: datetime) -> list[ConvocationIssued]:
    """All those whom the census names in the schools of the bassin that day, once each."""
    refuse_over(sheet.meeting, at=at)
    if not sheet.secretaries:
        raise NobodyToConvene
    named: dict[UUID, Recipient] = {}
    for each in sheet.secretaries:
        if each.is_named:
            named.setdefault(each.person, each)  # whom two schools name, the first one convenes
    waiting = [each for each in named.values() if not is_convened(sheet.paper_of(each.person))]
    return [to_meeting(sheet, each, next(ids), place=place) for place, each in enumerate(waiting)]


def unnamed(sheet: Sheet) -> dict[UUID, Withholding]:
    return {each.person: Withholding.NAME_UNKNOWN for each in sheet.secretaries or () if not each.is_named}


def is_convened(paper: Given | None) -> bool:
    return paper is not None and paper.in_force


def to_meeting(sheet: Sheet, recipient: Recipient, paper: UUID, *, place: int) -> ConvocationIssued:
    return ConvocationIssued(
        subject=paper,
        number=str(sheet.counter.number(place)),
        person=recipient.person,
        uai=recipient.uai,
        meeting=sheet.meeting.id,
        session=None,
        half_days=sheet.meeting.half_days,
    )


def convene_group(sheet: SessionSheet, ids: Iterator[UUID], *, today: date) -> Convening:
    """Those who are retained for this group and have followed what comes before, once each."""
    if sheet.group.half_days[0].day <= today:
        raise SessionBegun
    if not sheet.going:
        raise NobodyToConvene
    waiting = [each for each in sheet.going if not is_convened(sheet.paper_of(each.recipient.person))]
    withheld = {each.recipient.person: why for each in waiting if (why := withholding(each, sheet.module))}
    called = [each for each in waiting if each.recipient.person not in withheld]
    return Convening(
        events=[to_session(sheet, each, next(ids), place=place) for place, each in enumerate(called)],
        passing={
            each.candidature.id: convene(each.candidature)
            for each in called
            if each.candidature.status is Status.RETAINED
        },
        withheld=withheld,
    )


def withholding(progress: Progress, module: Part) -> Withholding | None:
    """« Deuxième module : retour sur expérience »: there must have been one."""
    if not progress.recipient.is_named:
        return Withholding.NAME_UNKNOWN
    if module.requires_module is not None and module.requires_module not in progress.followed:
        return Withholding.MODULE_NOT_FOLLOWED
    if module.requires_meeting and not progress.met:
        return Withholding.MEETING_NOT_ATTENDED
    return None


def to_session(sheet: SessionSheet, progress: Progress, paper: UUID, *, place: int) -> ConvocationIssued:
    return ConvocationIssued(
        subject=paper,
        number=str(sheet.counter.number(place)),
        person=progress.recipient.person,
        uai=progress.recipient.uai,
        meeting=None,
        session=sheet.group.id,
        half_days=sheet.group.half_days,
    )


def follow_move(sheet: Sheet, ids: Iterator[UUID]) -> list[Change]:
    """Another time or place: each convocation is replaced; of somebody whose name was erased it is only cancelled."""
    told: list[Change] = []
    for paper in sheet.in_force:
        if tells_otherwise(paper, sheet.meeting):
            told += follow_cancellation(sheet.meeting, [paper], ids)
            if paper.recipient.is_named:
                told.append(to_meeting(sheet, paper.recipient, next(ids), place=len(told)))
    return told


def follow_withdrawal(paper: Given, session: UUID, *, cancelling: UUID) -> list[ConvocationCancelled]:
    """Whoever withdrew his candidature is expected no more."""
    event = cancelled(paper, session, Kind.CONVOCATION, cancelling=cancelling)
    return [event] if paper.in_force and isinstance(event, ConvocationCancelled) else []


def follow_cancellation(meeting: Meeting, papers: Sequence[Given], ids: Iterator[UUID]) -> list[ConvocationCancelled]:
    events = (cancelled(each, meeting.id, Kind.CONVOCATION, cancelling=next(ids)) for each in papers)
    return [each for each in events if isinstance(each, ConvocationCancelled)]
