"""Complétude: who has answered, per bassin and in all; it decides which bassin is called next."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from common.identifiers import CodeBassin, Uai


class Bassin(NamedTuple):
    code: CodeBassin | None  # none: the school is in no bassin today
    name: str


class Standing(Struct, frozen=True, kw_only=True):
    """Where one addressed school stands: in which bassin, whether it answered, whom it named."""

    uai: Uai
    bassin: Bassin
    answered: bool
    persons: tuple[UUID, ...]


class Figures(Struct, frozen=True, kw_only=True):
    addressed: int
    answered: int
    identified: int
    rate: float | None  # the share of the addressed schools that answered; none where nobody is addressed


class BassinFigures(Figures, frozen=True, kw_only=True):
    bassin: CodeBassin | None
    name: str


def count(standings: Sequence[Standing]) -> Figures:
    """A person named by two schools is one person: a collège and a lycée of one site share their secretariat."""
    answered = sum(standing.answered for standing in standings)
    return Figures(
        addressed=len(standings),
        answered=answered,
        identified=len({person for standing in standings for person in standing.persons}),
        rate=round(answered / len(standings), 4) if standings else None,
    )


def by_bassin(standings: Iterable[Standing]) -> list[BassinFigures]:
    """One line a bassin, in the order of their codes; the schools without a bassin come last."""
    members: dict[Bassin, list[Standing]] = defaultdict(list)
    for standing in standings:
        members[standing.bassin].append(standing)
    order = sorted(members, key=lambda bassin: (bassin.code is None, bassin.code or "", bassin.name))
    return [line(bassin, count(members[bassin])) for bassin in order]


def line(bassin: Bassin, figures: Figures) -> BassinFigures:
    return BassinFigures(
        bassin=bassin.code,
        name=bassin.name,
        addressed=figures.addressed,
        answered=figures.answered,
        identified=figures.identified,
        rate=figures.rate,
    )
