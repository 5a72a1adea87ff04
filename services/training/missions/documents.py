"""What an ordre de mission says."""

from collections.abc import Sequence

from common.contracts.training import OrdreDeMissionCancelled, OrdreDeMissionIssued
from common.wording import span
from training.meetings.documents import withdrawn
from training.meetings.domain import Meeting, Sheet
from training.papers.documents import office_of
from training.papers.domain import Draft, Stated, Text, following


def ordre_de_mission(meeting: Meeting) -> Text:
    return Text(
        title="Ordre de mission",
        issuer=office_of(meeting.academie),
        lines=(
            Stated("Mission", f"animer la réunion d’échange de pratiques du bassin {place_of(meeting)}"),
            Stated("Date", span(meeting.academie, meeting.starts_at, meeting.ends_at)),
            Stated("Lieu", f"{meeting.place} (commune {meeting.commune})"),
            Stated("Public", meeting.function),
        ),
        paragraphs=(
            "La personne désignée ci-dessus se rend en mission à la réunion pour l’animer. Ses frais de déplacement "
            "lui sont réglés dans les conditions du décret n° 2006-781 du 3 juillet 2006, une fois sa présence "
            "constatée.",
        ),
        occasion=meeting.occasion,
    )


def place_of(meeting: Meeting) -> str:
    return f"{meeting.bassin_name} ({meeting.bassin})" if meeting.bassin_name else meeting.bassin


def drafts(
    sheet: Sheet, events: Sequence[OrdreDeMissionCancelled | OrdreDeMissionIssued], *, reason: str = ""
) -> list[Draft]:
    """Of the papers that the events tell of, in their order; who has a new one is told by that one alone."""
    replaced = frozenset(each.person for each in events if isinstance(each, OrdreDeMissionIssued))
    return [
        issued(sheet, each)
        if isinstance(each, OrdreDeMissionIssued)
        else withdrawn(sheet, each, reason=reason, silent=each.person in replaced)
        for each in events
    ]


def issued(sheet: Sheet, event: OrdreDeMissionIssued) -> Draft:
    recipient = next(each.recipient for each in sheet.animateurs or () if each.recipient.person == event.person)
    sequence = following(sheet.paper_of(event.person))
    text = ordre_de_mission(sheet.meeting)
    return Draft(id=event.subject, recipient=recipient, subject=sheet.meeting.id, text=text, sequence=sequence)
