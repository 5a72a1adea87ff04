"""Avis circonstancié: the chef d'établissement rates and comments three criteria, once; silence is no consent."""

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from common.contracts.training import AvisGiven, AvisLapsed, CandidatureNotRetained
from common.refusal import FieldError, Forbidden, Malformed, NotFound, Refusal
from common.texts import Line, Lines
from training.candidatures.domain import Candidature, Status, WrongState, enter

RHYTHM = (7, 2)  # days before the deadline: « deadline + 2 reminders »; ours, no source gives the days
REFUSALS_WITHOUT_CAP = 2  # décret n° 2007-1470: after two refusals, a third needs the opinion of the CAP
LEGAL_NOTE = (
    "Deuxième avis défavorable d’affilée pour cet agent. Le décret n° 2007-1470 du 15 octobre 2007 ne permet "
    "d’opposer un nouveau refus à un agent qui en a déjà essuyé deux qu’après avis de la commission "
    "administrative paritaire."
)


class UnknownAvis(NotFound):
    code = "unknown-avis"
    title = "Avis introuvable"


class AvisOfAnotherSchool(Forbidden):
    code = "avis-of-another-school"
    title = "Candidature d’un autre établissement"
    explanation = "Seul le chef de l’établissement au titre duquel l’agent candidate donne son avis."


class AvisAlreadyGiven(Refusal):
    code = "avis-already-given"
    title = "Avis déjà rendu"
    explanation = "Un avis envoyé ne se modifie plus et ne se retire pas."


class AvisDeadlinePassed(Refusal):
    code = "avis-deadline-passed"
    title = "Délai de l’avis dépassé"
    explanation = "Sans avis à l’échéance, c’est le service de formation qui décide de la suite de la candidature."


class ReasonsRequired(Malformed):
    code = "avis-reasons-required"
    title = "Motifs de l’avis absents"
    explanation = "Un avis réservé ou défavorable est motivé."


class LapseAlreadyDecided(Refusal):
    code = "lapse-already-decided"
    title = "Suite déjà décidée"


class Value(StrEnum):
    FAVORABLE = "favorable"
    RESERVE = "reserve"
    DEFAVORABLE = "defavorable"

    @property
    def label(self) -> str:
        return VALUES[self]


class Rating(StrEnum):
    INSUFFICIENT = "insufficient"
    SATISFACTORY = "satisfactory"
    VERY_SATISFACTORY = "very-satisfactory"

    @property
    def label(self) -> str:
        return RATINGS[self]


class Criterion(StrEnum):
    """« Votre avis sur les candidatures devra porter sur … », letter of 26 October 2007."""

    COMPETENCES = "competences"
    ANIMATION = "animation"
    SERVICE = "service"

    @property
    def label(self) -> str:
        return CRITERIA[self]


VALUES = {
    Value.FAVORABLE: "avis favorable",
    Value.RESERVE: "avis réservé",
    Value.DEFAVORABLE: "avis défavorable",
}
RATINGS = {
    Rating.INSUFFICIENT: "insuffisant",
    Rating.SATISFACTORY: "satisfaisant",
    Rating.VERY_SATISFACTORY: "très satisfaisant",
}
CRITERIA = {
    Criterion.COMPETENCES: "compétences professionnelles",
    Criterion.ANIMATION: "capacités à animer et organiser des échanges",
    Criterion.SERVICE: "compatibilité de cet engagement avec les nécessités du service",
}


class Rated(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Un critère, apprécié et commenté."""

    rating: Rating
    comment: Lines


class AvisWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """L’avis circonstancié sur une candidature."""

    value: Value
    competences: Rated
    animation: Rated
    service: Rated
    reasons: Lines | None = None


class LapseWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """La suite d’une candidature restée sans avis."""

    go_on: bool
    reason: Line


class Asked(Struct, frozen=True, kw_only=True):
    """A candidature on which an avis is asked, until a date."""

    candidature: Candidature
    deadline: date
    refusals: int  # unfavourable avis in a row that this person had before this one


def give(asked: Asked, wish: AvisWish, avis: UUID, *, heads: bool, today: date) -> AvisGiven:
    """By the head of that school, until the local midnight that ends the deadline, once."""
    candidature = asked.candidature
    if not heads:
        raise AvisOfAnotherSchool
    if candidature.avis is not None:
        raise AvisAlreadyGiven
    if candidature.status is Status.AVIS_LAPSED or today > asked.deadline:
        raise AvisDeadlinePassed(f"L’avis était attendu jusqu’au {asked.deadline:%d/%m/%Y}.")
    enter(candidature.status, Status.AVIS_GIVEN)
    if wish.value is not Value.FAVORABLE and wish.reasons is None:
        raise ReasonsRequired(errors=[FieldError(pointer="/reasons", detail="Motiver cet avis.", code="missing")])
    return AvisGiven(
        subject=candidature.id, offer=candidature.offer, person=candidature.person, avis=avis, value=wish.value.value
    )


def refusals_before(candidature: Candidature, all_of_the_person: Iterable[Candidature]) -> int:
    """As the last avis given to the same person on another candidature counted them; avis have ids in their order."""
    judged = {each.avis: each for each in all_of_the_person if each.avis is not None and each.id != candidature.id}
    return judged[max(judged)].refusals if judged else 0


def refusals_in_a_row(before: int, value: Value) -> int:
    """Any other avis begins the count anew."""
    return before + 1 if value is Value.DEFAVORABLE else 0


def legal_note(refusals: int) -> str | None:
    """A refusal repeated has a legal weight, which is said to who refuses and to who decides."""
    return LEGAL_NOTE if refusals >= REFUSALS_WITHOUT_CAP else None


def lapse(candidature: Candidature, deadline: date, *, today: date) -> AvisLapsed | None:
    if candidature.status is not Status.SUBMITTED or today <= deadline:
        return None
    return AvisLapsed(subject=candidature.id, offer=candidature.offer, person=candidature.person)


def decide_lapse(candidature: Candidature, *, go_on: bool) -> CandidatureNotRetained | None:
    """It goes on to the selection, without being taken for favourable; or it ends here."""
    if candidature.goes_on is not None:
        raise LapseAlreadyDecided
    if candidature.status is not Status.AVIS_LAPSED:
        raise WrongState(f"La candidature est à l’état « {candidature.status.label} ».")
    if go_on:
        return None
    return CandidatureNotRetained(
        subject=candidature.id, offer=candidature.offer, person=candidature.person, bassin=candidature.bassin
    )


def reminder_due(asked_on: date, deadline: date, sent: Iterable[int], *, today: date) -> int | None:
    """The step to recall today, each once; one already past when the avis was asked is not caught up."""
    steps = {days: deadline - timedelta(days=days) for days in RHYTHM}
    reached = [days for days, step in steps.items() if asked_on < step <= today <= deadline]
    due = min(reached, default=None)
    return None if due in set(sent) else due
