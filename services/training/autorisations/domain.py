"""Autorisation de se rendre à la réunion: each chef d'établissement answers for his own; silence is no answer."""

from collections import Counter as Count
from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeAlias
from uuid import UUID

from msgspec import Meta, Struct

from common.contracts.training import AutorisationGranted, AutorisationRefused
from common.identifiers import Uai
from common.refusal import FieldError, Malformed, Refusal
from common.texts import Line
from training.meetings.domain import Sheet, refuse_over, tells_otherwise
from training.papers.domain import Given, Recipient


class NotYourSecretary(Malformed):
    code = "not-your-secretary"
    title = "Personne d’un autre établissement"
    explanation = (
        "Un chef d’établissement répond pour les personnes que son établissement a déclarées au recensement et qui "
        "sont conviées à la réunion."
    )


class RefusalReasonRequired(Malformed):
    code = "autorisation-reason-required"
    title = "Motif du refus absent"
    explanation = "Le refus d’une autorisation est motivé ; une autorisation ne l’est pas."


class AnsweredTwice(Malformed):
    code = "answered-twice"
    title = "Deux réponses pour une personne"


class AlreadyAnswered(Refusal):
    code = "autorisation-already-given"
    title = "Réponse déjà donnée"
    explanation = "La même réponse a été donnée pour la même date. Une autre réponse la remplacerait."


class AnswerState(StrEnum):
    """What the chef d'établissement said."""

    GRANTED = "granted"
    REFUSED = "refused"
    NOT_ANSWERED = "not-answered"

    @property
    def label(self) -> str:
        return STATES[self]


STATES = {
    AnswerState.GRANTED: "autorisée",
    AnswerState.REFUSED: "refusée",
    AnswerState.NOT_ANSWERED: "sans réponse",
}


class AnswerWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """La réponse pour une personne."""

    person: UUID
    granted: bool
    reason: Line | None = None


class AnswersWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Les réponses d’un établissement pour une réunion."""

    uai: Uai
    answers: Annotated[tuple[AnswerWish, ...], Meta(min_length=1, max_length=50)]


Answer: TypeAlias = AutorisationGranted | AutorisationRefused


def answer(
    sheet: Sheet, wish: AnswersWish, convened: frozenset[UUID], ids: Iterator[UUID], *, at: datetime
) -> list[Answer]:
    """All of them or, where one may not be given, none; another answer replaces the one before."""
    refuse_over(sheet.meeting, at=at)
    refuse_unreasoned(wish.answers)
    mine = {each.person for each in own(sheet, wish.uai)} & convened
    strangers = [
        FieldError(pointer=f"/answers/{place}/person", detail="Personne non conviée de cet établissement.")
        for place, each in enumerate(wish.answers)
        if each.person not in mine
    ]
    if strangers:
        raise NotYourSecretary(errors=strangers)
    new = [each for each in wish.answers if not is_same(paper_of(sheet, each.person, wish.uai), each, sheet)]
    if not new:
        raise AlreadyAnswered
    return [answered(sheet, each, wish.uai, next(ids)) for each in new]


def refuse_unreasoned(answers: Sequence[AnswerWish]) -> None:
    twice = [person for person, said in Count(each.person for each in answers).items() if said > 1]
    if twice:
        raise AnsweredTwice(f"Personnes : {', '.join(map(str, twice))}.")
    errors = [
        FieldError(pointer=f"/answers/{place}/reason", detail="Un refus a un motif, une autorisation n’en a pas.")
        for place, each in enumerate(answers)
        if each.granted is (each.reason is not None)
    ]
    if errors:
        raise RefusalReasonRequired(errors=errors)


def own(sheet: Sheet, uai: str) -> list[Recipient]:
    """Those whom this school named."""
    return [each for each in sheet.secretaries or () if each.uai == uai and each.is_named]


def paper_of(sheet: Sheet, person: UUID, uai: str) -> Given | None:
    """The answer in force of this school; of somebody whom two schools name, each gives its own."""
    return next((p for p in sheet.in_force if (p.person, p.uai) == (person, uai)), None)


def is_same(paper: Given | None, wish: AnswerWish, sheet: Sheet) -> bool:
    return paper is not None and paper.granted is wish.granted and not tells_otherwise(paper, sheet.meeting)


def answered(sheet: Sheet, wish: AnswerWish, uai: str, paper: UUID) -> Answer:
    """Why not stays with training."""
    made = AutorisationGranted if wish.granted else AutorisationRefused
    return made(subject=paper, meeting=sheet.meeting.id, person=wish.person, uai=uai)
