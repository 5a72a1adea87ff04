"""« Reconnaissance des compétences acquises », once the modules are followed and the meeting held; revocable."""

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from common.contracts.training import CompetenceRecognised, RecognitionRevoked
from common.identifiers import CodeAcademie
from common.refusal import Refusal
from training.candidatures.domain import Candidature, Status, recognise, revoke_recognition
from training.convocations.domain import Progress
from training.papers.domain import Counter, Given, PaperAlreadyCancelled
from training.sessions.domain import Module


class NotYetAcquired(Refusal):
    code = "competence-not-acquired"
    title = "Parcours incomplet"
    explanation = (
        "La compétence se reconnaît à qui a suivi tous les modules et participé à la réunion d’échange de pratiques "
        "de son bassin, quand l’offre la requiert."
    )


class AlreadyRecognised(Refusal):
    code = "already-recognised"
    title = "Compétence déjà reconnue"


class NotRecognised(Refusal):
    code = "not-recognised"
    title = "Aucune compétence reconnue"


class Lacking(StrEnum):
    """What keeps somebody from being recognised."""

    MODULE = "module-not-followed"
    MEETING = "meeting-not-attended"
    NAME = "name-unknown"
    STATE = "not-attending"

    @property
    def label(self) -> str:
        return LACKING[self]


LACKING = {
    Lacking.MODULE: "un module n’a pas été suivi",
    Lacking.MEETING: "réunion d’échange de pratiques non tenue, ou tenue sans cette personne",
    Lacking.NAME: "nom inconnu ou effacé",
    Lacking.STATE: "candidature qui n’en est pas à ce point",
}


class Certificate(Struct, frozen=True, kw_only=True):
    """An attestation in force."""

    id: UUID
    number: str


class Sheet(Struct, frozen=True, kw_only=True):
    """An offer and its candidatures, or one of them, with the counter of attestations held."""

    academie: CodeAcademie
    offer: UUID
    title: str
    year: str
    modules: tuple[Module, ...]
    counter: Counter
    those: tuple[Progress, ...]
    papers: Mapping[UUID, Certificate]  # by candidature


class Recognising(Struct, frozen=True, kw_only=True):
    """Who is recognised, and why others are not."""

    events: list[CompetenceRecognised]
    passing: dict[UUID, Status]
    lacking: dict[UUID, Lacking]  # by person


def recognise_one(sheet: Sheet, ids: Iterator[UUID]) -> Recognising:
    (one,) = sheet.those
    if one.candidature.id in sheet.papers:
        raise AlreadyRecognised
    if why := lacking(one, sheet.modules):
        raise NotYetAcquired(f"{why.label.capitalize()}.")
    return recognise_all(sheet, ids)


def recognise_all(sheet: Sheet, ids: Iterator[UUID]) -> Recognising:
    """Of an offer, those who have all that it takes and are not recognised yet."""
    waiting = [each for each in sheet.those if each.candidature.id not in sheet.papers]
    reasons = {each.candidature.person: why for each in waiting if (why := lacking(each, sheet.modules))}
    ready = [each for each in waiting if each.candidature.person not in reasons]
    return Recognising(
        events=[recognised(each.candidature, next(ids)) for each in ready],
        passing={each.candidature.id: recognise(each.candidature) for each in ready},
        lacking=reasons,
    )


def lacking(progress: Progress, modules: Collection[Module]) -> Lacking | None:
    if any(module.rank not in progress.followed for module in modules):
        return Lacking.MODULE
    if any(module.requires_meeting for module in modules) and not progress.met:
        return Lacking.MEETING
    if not progress.recipient.is_named:
        return Lacking.NAME
    return None if progress.candidature.status is Status.PRESENT else Lacking.STATE


def recognised(candidature: Candidature, recognition: UUID) -> CompetenceRecognised:
    return CompetenceRecognised(
        subject=recognition,
        offer=candidature.offer,
        candidature=candidature.id,
        person=candidature.person,
        bassin=candidature.bassin,
    )


def revoke(paper: Given, candidature: Candidature) -> tuple[RecognitionRevoked, Status]:
    """The attendance remains: it may be recognised anew."""
    if not paper.in_force:
        raise PaperAlreadyCancelled
    return RecognitionRevoked(subject=paper.id, person=paper.person), revoke_recognition(candidature)
