"""What an autorisation says, granted or refused; the reason of a refusal stands on the paper and nowhere else."""

from collections.abc import Sequence
from uuid import UUID, uuid5

from common.contracts.training import AutorisationGranted
from common.wording import span
from training.autorisations.domain import Answer, AnswersWish, own, paper_of
from training.meetings.domain import Meeting, Sheet
from training.papers.documents import cancellation
from training.papers.domain import Draft, Stated, Text

REPLACED = "Une nouvelle réponse du chef d’établissement remplace celle-ci."


def text(meeting: Meeting, school: str, *, reason: str | None) -> Text:
    lines = (
        Stated("Réunion", meeting.summary),
        Stated("Date", span(meeting.academie, meeting.starts_at, meeting.ends_at)),
        Stated("Lieu", f"{meeting.place} (commune {meeting.commune})"),
    )
    if reason is None:
        said = "La personne désignée ci-dessus est autorisée à se rendre à la réunion."
        return Text(
            title="Autorisation de se rendre à une réunion",
            issuer=f"Le chef d’établissement – {school}",
            lines=lines,
            paragraphs=(said,),
            occasion=meeting.occasion,
        )
    return Text(
        title="Refus d’autorisation de se rendre à une réunion",
        issuer=f"Le chef d’établissement – {school}",
        lines=(*lines, Stated("Motif du refus", reason)),
        paragraphs=("La personne désignée ci-dessus n’est pas autorisée à se rendre à la réunion.",),
        occasion=meeting.occasion,
    )


def drafts(sheet: Sheet, wish: AnswersWish, events: Sequence[Answer]) -> list[Draft]:
    """Each answer, after the cancellation of the one that it replaces."""
    reasons = {each.person: each.reason for each in wish.answers}
    named = {each.person: each for each in own(sheet, wish.uai)}
    made: list[Draft] = []
    for event in events:
        recipient, before = named[event.person], paper_of(sheet, event.person, wish.uai)
        if before is not None:
            made.append(replacement(sheet, before.id, event.subject))
        said = text(sheet.meeting, recipient.school or wish.uai, reason=reasons[event.person])
        granted = isinstance(event, AutorisationGranted)
        about = sheet.meeting.id
        made.append(Draft(id=event.subject, recipient=recipient, subject=about, text=said, granted=granted))
    return made


def replacement(sheet: Sheet, replaced: UUID, by: UUID) -> Draft:
    given = next(each for each in sheet.papers if each.id == replaced)
    about, paper = sheet.meeting.id, uuid5(by, "replaces")
    return cancellation(given, sheet.counter.kind, subject=about, paper=paper, reason=REPLACED, silent=True)
