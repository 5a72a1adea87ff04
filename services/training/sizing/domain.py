"""Dimensionnement: how many seats a coming offer needs in each bassin, from the people that its schools named."""

from collections.abc import Iterable, Mapping
from typing import Self

from msgspec import Struct

from common.identifiers import CodeBassin, InvalidIdentifier
from common.refusal import FieldError, Malformed


class ImpossibleQuota(Malformed):
    code = "impossible-quota"
    title = "Fourchette de places impossible"
    explanation = "Une fourchette s’écrit « 2-3 », une exception « 09101:4-6 », le minimum d’abord."


class Quota(Struct, frozen=True, kw_only=True):
    """A range of seats, « 2 à 3 personnes »; written 2-3 in an address."""

    minimum: int
    maximum: int

    @classmethod
    def read(cls, text: str, *, parameter: str = "quota") -> Self:
        minimum, dash, maximum = text.partition("-")
        if not (dash and is_number(minimum) and is_number(maximum) and int(minimum) <= int(maximum)):
            raise impossible(parameter)
        return cls(minimum=int(minimum), maximum=int(maximum))


PER_BASSIN = Quota(minimum=2, maximum=3)  # « former 2 à 3 personnes par BEC (4 à 6 pour le BEC de Caen) », 26 Oct 2007


class Identified(Struct, frozen=True, kw_only=True):
    """What a census says of one bassin so far."""

    bassin: CodeBassin
    name: str
    addressed: int
    answered: int
    identified: int


class BassinSeats(Identified, frozen=True, kw_only=True):
    minimum: int
    maximum: int
    under_minimum: bool  # a warning, not a refusal: fewer people known than the bassin must send


def read_exceptions(texts: Iterable[str]) -> dict[CodeBassin, Quota]:
    """`09101:4-6`: the bassin of Caen in the letter. Said twice for one bassin, the last one counts."""
    exceptions: dict[CodeBassin, Quota] = {}
    for text in texts:
        code, _, quota = text.partition(":")
        try:
            exceptions[CodeBassin(code)] = Quota.read(quota, parameter="exception")
        except InvalidIdentifier as error:
            raise impossible("exception") from error
    return exceptions


def size(
    bassins: Iterable[Identified], quota: Quota = PER_BASSIN, *, exceptions: Mapping[CodeBassin, Quota]
) -> list[BassinSeats]:
    """The range of each bassin as the letter gives it: one for all, and exceptions."""
    return [seats(bassin, exceptions.get(bassin.bassin, quota)) for bassin in bassins]


def seats(known: Identified, quota: Quota) -> BassinSeats:
    return BassinSeats(
        bassin=known.bassin,
        name=known.name,
        addressed=known.addressed,
        answered=known.answered,
        identified=known.identified,
        minimum=quota.minimum,
        maximum=quota.maximum,
        under_minimum=known.identified < quota.minimum,
    )


def offered(lines: Iterable[BassinSeats]) -> tuple[int, int]:
    """The least and the most seats of the whole offer."""
    ranges = [(line.minimum, line.maximum) for line in lines]
    return sum(minimum for minimum, _ in ranges), sum(maximum for _, maximum in ranges)


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5


def impossible(parameter: str) -> ImpossibleQuota:
    error = FieldError(pointer=f"/query/{parameter}", detail="Cette fourchette n’a pas la forme attendue", code="quota")
    return ImpossibleQuota(errors=[error])
