"""Ordre de mission: « la DIFOR délivrera un ordre de mission aux animateurs », once each, whoever clicks twice."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from common.contracts.training import OrdreDeMissionCancelled, OrdreDeMissionIssued
from common.refusal import Refusal
from training.meetings.domain import Animateur, Meeting, Sheet, refuse_over, tells_otherwise
from training.papers.domain import Given, Kind, cancelled


class AnimateurNotReady(Refusal):
    code = "animateur-not-ready"
    title = "Animateur encore inconnu"
    explanation = (
        "Un ordre de mission nomme une personne et rappelle la candidature qui a fait d’elle un animateur. Son nom ou "
        "sa candidature n’est pas connu ici : réessayez dans quelques instants, ou faites corriger la réunion."
    )


def issue(sheet: Sheet, ids: Iterator[UUID], *, at: datetime) -> list[OrdreDeMissionIssued]:
    """To all animateurs of the meeting who have none in force."""
    refuse_over(sheet.meeting, at=at)
    waiting = [each for each in sheet.animateurs or () if not has_one(sheet, each)]
    if unknown := [each for each in waiting if not (each.recipient.is_named and each.candidature)]:
        raise AnimateurNotReady(f"Personnes : {', '.join(str(each.recipient.person) for each in unknown)}.")
    return [issued(sheet, each, next(ids), place=place) for place, each in enumerate(waiting)]


def has_one(sheet: Sheet, animateur: Animateur) -> bool:
    paper = sheet.paper_of(animateur.recipient.person)
    return paper is not None and paper.in_force


def issued(sheet: Sheet, animateur: Animateur, paper: UUID, *, place: int) -> OrdreDeMissionIssued:
    """The paper at this place among those that are issued together."""
    meeting = sheet.meeting
    assert animateur.candidature is not None
    return OrdreDeMissionIssued(
        subject=paper,
        number=str(sheet.counter.number(place)),
        person=animateur.recipient.person,
        uai=animateur.recipient.uai,
        meeting=meeting.id,
        candidature=animateur.candidature,
        avis=animateur.avis,
        commune=meeting.commune,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        half_days=meeting.half_days,
    )


def follow_move(sheet: Sheet, ids: Iterator[UUID]) -> list[OrdreDeMissionCancelled | OrdreDeMissionIssued]:
    """The meeting is another one: who still animates it has a new paper, who does not has none any more."""
    told: list[OrdreDeMissionCancelled | OrdreDeMissionIssued] = []
    for paper in sheet.in_force:
        animateur = still_sent(sheet, paper)
        if animateur is not None and not tells_otherwise(paper, sheet.meeting):
            continue
        told += follow_cancellation(sheet.meeting, [paper], ids)
        if animateur is not None:
            told.append(issued(sheet, animateur, next(ids), place=len(told)))
    return told


def still_sent(sheet: Sheet, paper: Given) -> Animateur | None:
    return next(
        (
            each
            for each in sheet.animateurs or ()
            if each.recipient.person == paper.person and each.recipient.is_named and each.candidature
        ),
        None,
    )


def follow_cancellation(
    meeting: Meeting, papers: Sequence[Given], ids: Iterator[UUID]
) -> list[OrdreDeMissionCancelled]:
    events = (cancelled(each, meeting.id, Kind.ORDRE_DE_MISSION, cancelling=next(ids)) for each in papers)
    return [each for each in events if isinstance(each, OrdreDeMissionCancelled)]
