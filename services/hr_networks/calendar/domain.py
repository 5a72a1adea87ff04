"""Calendrier: « mis en ligne … », for whoever looks: what takes place where and when, and no one's name."""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from common.identifiers import CodeAcademie, CodeBassin
from hr_networks.meetings.domain import Status


class Slot(Struct, frozen=True, kw_only=True):
    """A meeting as the public may know it."""

    id: UUID
    academie: CodeAcademie
    bassin: CodeBassin
    bassin_name: str
    function: str
    starts_at: datetime
    ends_at: datetime
    place: str
    status: Status
    sequence: int
    changed_at: datetime


class Bassin(Struct, frozen=True, kw_only=True):
    academie: CodeAcademie
    code: CodeBassin
    name: str


class SchoolYear(Struct, frozen=True, kw_only=True):
    begins_on: date
    ends_on: date

    @property
    def label(self) -> str:
        return f"{self.begins_on.year}-{self.ends_on.year}"


class Tense(StrEnum):
    COMING = "coming"
    PAST = "past"

    @property
    def label(self) -> str:
        return "à venir" if self is Tense.COMING else "passées"


def school_year(day: date) -> SchoolYear:
    """From the first of September to the last of August."""
    first = day.year if day.month >= 9 else day.year - 1
    return SchoolYear(begins_on=date(first, 9, 1), ends_on=date(first + 1, 8, 31))


def parted(slots: Iterable[Slot], *, at: datetime) -> dict[Tense, list[Slot]]:
    """What is to come, the next first; what is past, the latest first. A meeting is past when it has ended."""
    in_order = sorted(slots, key=lambda slot: (slot.starts_at, slot.bassin, slot.id))
    coming = [slot for slot in in_order if slot.ends_at > at]
    return {Tense.COMING: coming, Tense.PAST: [slot for slot in reversed(in_order) if slot.ends_at <= at]}
