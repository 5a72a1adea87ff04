"""What is answered to whoever issues papers: those that are new, and those that were there."""

from collections.abc import Mapping, Sequence
from typing import Protocol, Self
from uuid import UUID

from msgspec import Struct

from training.papers.domain import Given, Number


class Issued(Protocol):
    """The event of a new paper."""

    @property
    def subject(self) -> UUID: ...

    @property
    def person(self) -> UUID: ...


class PaperReceipt(Struct, frozen=True, kw_only=True):
    """Un document et à qui il est destiné."""

    id: UUID
    number: str
    person: UUID


class Withheld(Struct, frozen=True, kw_only=True):
    """Une personne qui ne reçoit pas de document, et pourquoi."""

    person: UUID
    reason: str
    label: str


class IssuedPapers(Struct, frozen=True, kw_only=True):
    """Les documents établis à l’instant, ceux qui l’étaient déjà, et les personnes qui n’en reçoivent pas."""

    issued: Sequence[PaperReceipt]
    already: Sequence[PaperReceipt]
    withheld: Sequence[Withheld] = ()

    @classmethod
    def of(
        cls,
        events: Sequence[Issued],
        numbers: Sequence[Number],
        already: Sequence[Given],
        withheld: Mapping[UUID, tuple[str, str]] | None = None,
    ) -> Self:
        return cls(
            issued=[
                PaperReceipt(id=event.subject, number=str(number), person=event.person)
                for event, number in zip(events, numbers, strict=True)
            ],
            already=[PaperReceipt(id=each.id, number=each.number, person=each.person) for each in already],
            withheld=[
                Withheld(person=person, reason=reason, label=label)
                for person, (reason, label) in (withheld or {}).items()
            ],
        )
