"""The life of an import: received, analysed as a dry run, and only then, if somebody decides so, applied."""

from collections.abc import Collection
from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from msgspec import Struct

from common.identifiers import CodeAcademie
from common.refusal import Forbidden, NotFound, Refusal


class UnknownImport(NotFound):
    code: ClassVar[str] = "unknown-import"
    title: ClassVar[str] = "Import inconnu"


class ImportNotAnalysed(Refusal):
    code: ClassVar[str] = "import-not-analysed"
    title: ClassVar[str] = "Import pas encore analysé"
    explanation: ClassVar[str] = "Un import n’est appliqué qu’après son essai à blanc, dont le rapport est à lire."


class ImportUnreadable(Refusal):
    code: ClassVar[str] = "import-unreadable"
    title: ClassVar[str] = "Fichier illisible"
    explanation: ClassVar[str] = "Corrigez le fichier et envoyez-le de nouveau : rien n’en a été appliqué."


class ImportOutdated(Refusal):
    code: ClassVar[str] = "import-outdated"
    title: ClassVar[str] = "Rapport dépassé"
    explanation: ClassVar[str] = (
        "Un autre import a été appliqué depuis cet essai à blanc : son rapport ne dit plus ce qui changerait. "
        "Envoyez le fichier de nouveau."
    )


class Status(StrEnum):
    RECEIVED = "received"
    ANALYSING = "analysing"
    ANALYSED = "analysed"
    UNREADABLE = "unreadable"
    DECIDED = "decided"
    APPLYING = "applying"
    APPLIED = "applied"
    FAILED = "failed"

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS = {
    Status.RECEIVED: "reçu",
    Status.ANALYSING: "essai à blanc en cours",
    Status.ANALYSED: "essai à blanc terminé",
    Status.UNREADABLE: "fichier illisible",
    Status.DECIDED: "application demandée",
    Status.APPLYING: "application en cours",
    Status.APPLIED: "appliqué",
    Status.FAILED: "interrompu",
}


class Run(Struct, frozen=True, kw_only=True):
    """One import of one file."""

    id: UUID
    academie: CodeAcademie  # of the issuer that vouches for the importer
    covered: tuple[CodeAcademie, ...]  # of the importer's mandates
    sha256: bytes
    close_absent: bool
    effective_on: date
    status: Status


def decide(run: Run, covered: Collection[str], *, outdated: bool) -> bool:
    """Whether an application is to be started; False: it was decided before.

    Raises:
        Forbidden: the mandates do not cover every académie of the dry run.
        ImportNotAnalysed, ImportUnreadable, ImportOutdated: there is no report that says what would change.
    """
    if not set(run.covered) <= set(covered):
        raise Forbidden("Cet import concerne une académie que vos mandats ne couvrent pas.")
    match run.status:
        case Status.RECEIVED | Status.ANALYSING:
            raise ImportNotAnalysed("L’essai à blanc n’est pas terminé.")
        case Status.UNREADABLE | Status.FAILED:
            raise ImportUnreadable("Le fichier n’a pas pu être lu en entier : il n’y a rien à appliquer.")
        case Status.ANALYSED if outdated:
            raise ImportOutdated("Un autre import a été appliqué depuis cet essai à blanc.")
        case Status.ANALYSED:
            return True
        case Status.DECIDED | Status.APPLYING | Status.APPLIED:
            return False
