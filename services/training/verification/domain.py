"""Verification: what a paper's number and code show to whoever holds it; a wrong code is as an unknown number."""

from datetime import date
from enum import StrEnum

from msgspec import Struct

from common.identifiers import CodeAcademie
from training.papers.domain import Kind, Stated

SEPARATORS = str.maketrans("", "", " -\u2011\u00a0\u202f\t")


class Standing(StrEnum):
    """What a paper is worth by now."""

    IN_FORCE = "in-force"
    CANCELLED = "cancelled"
    REVOKED = "revoked"
    CANCELLATION = "cancellation"

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS = {
    Standing.IN_FORCE: "en vigueur",
    Standing.CANCELLED: "annulé",
    Standing.REVOKED: "révoquée",
    Standing.CANCELLATION: "document qui en annule un autre",
}


class Key(Struct, frozen=True, kw_only=True):
    """A number as somebody typed it."""

    academie: CodeAcademie
    kind: Kind
    year: int
    ordinal: int


class Shown(Struct, frozen=True, kw_only=True):
    """A paper as the page shows it; once erased: its number, its kind and its date."""

    kind: Kind
    number: str
    issued_on: date
    standing: Standing
    ended_on: date | None  # when it was cancelled or revoked
    title: str = ""
    issuer: str = ""
    name: str = ""
    school: str = ""
    lines: tuple[Stated, ...] = ()


def key_of(number: str) -> Key | None:
    """With or without its hyphens."""
    bare = number.upper().translate(SEPARATORS)
    academie, kind, year, ordinal = bare[:2], bare[2:4], bare[4:8], bare[8:]
    figures = f"{academie}{year}{ordinal}"
    if kind not in list(Kind) or not (figures.isascii() and figures.isdigit()) or not 1 <= len(ordinal) <= 9:
        return None
    return Key(academie=CodeAcademie(academie), kind=Kind(kind), year=int(year), ordinal=int(ordinal))


def standing(kind: Kind, *, cancels: bool, cancelled: bool) -> Standing:
    if cancels:
        return Standing.CANCELLATION
    if not cancelled:
        return Standing.IN_FORCE
    return Standing.REVOKED if kind is Kind.ATTESTATION else Standing.CANCELLED
