"""Dimensionnement: how many seats a coming offer needs in each bassin, from the people that its schools named."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from common.identifiers import CodeBassin
from common.refusal import Malformed


class EmptyQuota(Malformed):
    code = "empty-quota"
    title = "Fourchette de places impossible"
    explanation = "Le minimum d’une fourchette est au moins 0 et ne dépasse pas son maximum."


class Quota(Struct, frozen=True, kw_only=True):
    minimum: int
    maximum: int

    def __post_init__(self) -> None:
        if not 0 <= self.minimum <= self.maximum:
            raise EmptyQuota(f"De {self.minimum} à {self.maximum} places.")


PER_BASSIN = Quota(minimum=2, maximum=3)  # « former 2 à 3 personnes par BEC (4 à 6 pour le BEC de Caen) », 26 Oct 2007


class Identified(Struct, frozen=True, kw_only=True):
    """What the census says of one bassin so far."""

    bassin: CodeBassin
    addressed: int
    answered: int
    identified: int


class Seats(Struct, frozen=True, kw_only=True):
    bassin: CodeBassin
    identified: int
    minimum: int
    maximum: int
    under_minimum: bool  # a warning, not a refusal: fewer people known than the bassin must send


def size(
    bassins: Iterable[Identified], quota: Quota = PER_BASSIN, *, exceptions: Mapping[CodeBassin, Quota]
) -> list[Seats]:
    """The range of each bassin as the letter gives it: one for all, and exceptions."""
    return [seats(bassin, exceptions.get(bassin.bassin, quota)) for bassin in bassins]


def seats(bassin: Identified, quota: Quota) -> Seats:
    return Seats(
        bassin=bassin.bassin,
        identified=bassin.identified,
        minimum=quota.minimum,
        maximum=quota.maximum,
        under_minimum=bassin.identified < quota.minimum,
    )


def offered(lines: Sequence[Seats]) -> Quota:
    """The seats of the whole offer."""
    return Quota(minimum=sum(line.minimum for line in lines), maximum=sum(line.maximum for line in lines))
