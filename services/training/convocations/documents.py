"""What a convocation says, to a meeting of the bassin and to a group of a module."""

from collections.abc import Sequence
from itertools import groupby

from common.clock import zone_of
from common.contracts.training import ConvocationIssued, HalfDay
from common.wording import in_words, span
from training.convocations.domain import Change, SessionSheet, occasion_of
from training.meetings.documents import withdrawn
from training.meetings.domain import Meeting, Sheet
from training.papers.documents import office_of
from training.papers.domain import Draft, Stated, Text, following
from training.sessions.domain import Half


def to_meeting(meeting: Meeting) -> Text:
    return Text(
        title="Convocation",
        issuer=office_of(meeting.academie),
        lines=(
            Stated("Objet", meeting.summary),
            Stated("Date", span(meeting.academie, meeting.starts_at, meeting.ends_at)),
            Stated("Lieu", f"{meeting.place} (commune {meeting.commune})"),
            Stated("Public", meeting.function),
        ),
        paragraphs=(
            "La personne désignée ci-dessus est conviée à participer à la réunion d’échange de pratiques de son "
            "bassin.",
            "Son chef d’établissement est invité à établir une autorisation de se rendre à la réunion.",
        ),
        occasion=meeting.occasion,
    )


def to_session(sheet: SessionSheet) -> Text:
    group = sheet.group
    return Text(
        title="Convocation",
        issuer=office_of(sheet.academie),
        lines=(
            Stated("Formation", sheet.offer_title),
            Stated("Module", f"{sheet.module.title} ({group.name})"),
            Stated("Dates", days_in_words(group.half_days)),
            Stated("Lieu", f"{group.place} (commune {group.commune})"),
        ),
        paragraphs=("La personne désignée ci-dessus est convoquée à cette session de formation.",),
        occasion=occasion_of(sheet, zone_of(sheet.academie)),
    )


def days_in_words(half_days: Sequence[HalfDay]) -> str:
    days = groupby(sorted(half_days), key=lambda each: each.day)
    return " ; ".join(
        f"{in_words(day)} ({' et '.join(Half(each.half).label for each in halves)})" for day, halves in days
    )


def session_drafts(sheet: SessionSheet, events: Sequence[ConvocationIssued]) -> list[Draft]:
    text = to_session(sheet)
    named = {each.recipient.person: each.recipient for each in sheet.going}
    return [
        Draft(
            id=event.subject,
            recipient=named[event.person],
            subject=sheet.group.id,
            text=text,
            sequence=following(sheet.paper_of(event.person)),
        )
        for event in events
    ]


def meeting_drafts(sheet: Sheet, events: Sequence[Change], *, reason: str = "") -> list[Draft]:
    """Of the papers that the events tell of, in their order; who has a new one is told by that one alone."""
    replaced = frozenset(each.person for each in events if isinstance(each, ConvocationIssued))
    return [
        convened(sheet, each)
        if isinstance(each, ConvocationIssued)
        else withdrawn(sheet, each, reason=reason, silent=each.person in replaced)
        for each in events
    ]


def convened(sheet: Sheet, event: ConvocationIssued) -> Draft:
    given = sheet.paper_of(event.person)
    named = [each for each in sheet.secretaries or () if (each.person, each.uai) == (event.person, event.uai)]
    recipient = named[0] if named or given is None else given.recipient
    text, about = to_meeting(sheet.meeting), sheet.meeting.id
    return Draft(id=event.subject, recipient=recipient, subject=about, text=text, sequence=following(given))
