"""Barèmes: what a night, a meal and a kilometre are worth on the day of a mission, to the cent.

Every amount is a quantity times a rate in thousandths of a euro; each line is rounded once, half up, to the cent.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from common.refusal import FieldError, Malformed, NotFound, Refusal
from common.texts import Line

MILLS_IN_A_CENT = 10


class UnknownRate(NotFound):
    code = "unknown-rate"
    title = "Taux introuvable"


class ImpossibleRate(Malformed):
    code = "impossible-rate"
    title = "Taux impossible"
    explanation = "La catégorie et la tranche de kilomètres d’un taux sont celles du barème en vigueur."


class RateAlreadyApplied(Refusal):
    code = "rate-already-applied"
    title = "Taux déjà appliqué"


class Kind(StrEnum):
    """Ce qui est remboursé."""

    KILOMETRE = "kilometre"
    NIGHT = "night"
    MEAL = "meal"

    @property
    def label(self) -> str:
        return {"kilometre": "Kilomètres", "night": "Nuitées", "meal": "Repas"}[self.value]


class Category(StrEnum):
    """To which rate of its kind something belongs."""

    NONE = ""  # a meal
    BASE = "base"
    LARGE_COMMUNE = "large-commune"  # 200,000 inhabitants, and the métropole du Grand Paris
    PARIS = "paris"
    RAISED = "raised"  # agents whose handicap reduces their mobility
    CAR_5 = "car-5"  # up to 5 CV
    CAR_7 = "car-7"  # 6 and 7 CV
    CAR_8 = "car-8"  # 8 CV and more
    MOTORCYCLE = "motorcycle"  # above 125 cm3
    LIGHT_MOTORCYCLE = "light-motorcycle"


BANDS: Mapping[Kind, Mapping[Category, tuple[int, ...]]] = {
    Kind.MEAL: {Category.NONE: (0,)},
    Kind.NIGHT: dict.fromkeys((Category.BASE, Category.LARGE_COMMUNE, Category.PARIS, Category.RAISED), (0,)),
    Kind.KILOMETRE: {
        **dict.fromkeys((Category.CAR_5, Category.CAR_7, Category.CAR_8), (0, 2_000, 10_000)),
        **dict.fromkeys((Category.MOTORCYCLE, Category.LIGHT_MOTORCYCLE), (0,)),
    },
}


class Rate(Struct, frozen=True, kw_only=True):
    """In force from a day until another row of the same kind, category and band takes over."""

    kind: Kind
    category: Category
    above_km: int  # of the year: 2000 is the band of « 2 001 à 10 000 km »
    mills: int
    valid_from: date
    recorded_at: datetime | None = None  # None: committed with the platform; of two of a day the later one counts
    source: str = ""


class RateWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Un taux nouveau ou corrigé, en millièmes d’euro ; il ne change rien avant d’être appliqué."""

    kind: Kind
    category: Category = Category.NONE
    above_km: Annotated[int, Meta(ge=0, le=100_000)] = 0
    mills: Annotated[int, Meta(ge=0, le=10_000_000)]
    valid_from: date
    source: Line


class ProposedRate(Struct, frozen=True, kw_only=True):
    id: UUID
    rate: Rate
    applied: bool
    revision: int


class ExpenseLine(Struct, frozen=True, kw_only=True):
    """One kind of expense of an element; `mills` is the first rate that counts, a line may cross a band."""

    kind: Kind
    quantity: int
    mills: int
    amount: int  # cents


def propose(wish: RateWish, *, at: datetime) -> Rate:
    if wish.above_km not in BANDS[wish.kind].get(wish.category, ()):
        wrong = FieldError(pointer="/category", detail="Cette catégorie ou cette tranche n’existe pas", code="rate")
        raise ImpossibleRate(errors=[wrong])
    return Rate(
        kind=wish.kind,
        category=wish.category,
        above_km=wish.above_km,
        mills=wish.mills,
        valid_from=wish.valid_from,
        recorded_at=at,
        source=wish.source,
    )


def apply(proposed: ProposedRate) -> Rate:
    if proposed.applied:
        raise RateAlreadyApplied
    return proposed.rate


def half_up(mills: int) -> int:
    """Cents; an amount of five thousandths is rounded up."""
    return (mills + MILLS_IN_A_CENT // 2) // MILLS_IN_A_CENT


def rate_on(rates: Iterable[Rate], kind: Kind, category: Category, *, day: date, above_km: int = 0) -> Rate | None:
    """The one in force on the day of the mission; a correction recorded later wins over what it corrects."""
    wanted = (kind, category, above_km)
    known = [r for r in rates if (r.kind, r.category, r.above_km) == wanted and r.valid_from <= day]
    return max(known, key=lambda r: (r.valid_from, r.recorded_at is not None, r.recorded_at), default=None)


def line(rates: Iterable[Rate], kind: Kind, category: Category, quantity: int, *, day: date) -> ExpenseLine | None:
    """Nights or meals; None if no rate is known for the day."""
    rate = rate_on(rates, kind, category, day=day)
    if rate is None:
        return None
    return ExpenseLine(kind=kind, quantity=quantity, mills=rate.mills, amount=half_up(quantity * rate.mills))


def kilometre_line(
    rates: Iterable[Rate], category: Category, kilometres: int, *, already: int, day: date
) -> ExpenseLine | None:
    """Kilometres at the bands of the year: the first ones at what `already` was driven leads to."""
    known = list(rates)
    bands = [(above, rate_on(known, Kind.KILOMETRE, category, day=day, above_km=above)) for above in bands_of(category)]
    mills, first = 0, None
    for place, (above, rate) in enumerate(bands):
        until = bands[place + 1][0] if place + 1 < len(bands) else already + kilometres
        within = max(0, min(already + kilometres, until) - max(already, above))
        if within and rate is None:
            return None
        if within and rate is not None:
            mills += within * rate.mills
            first = rate.mills if first is None else first
    return ExpenseLine(kind=Kind.KILOMETRE, quantity=kilometres, mills=first or 0, amount=half_up(mills))


def bands_of(category: Category) -> tuple[int, ...]:
    return BANDS[Kind.KILOMETRE].get(category, ())


def vehicle_category(vehicle: str, horsepower: int | None) -> Category | None:
    """By fiscal horsepower; None where nothing is known of the vehicle."""
    match vehicle, horsepower:
        case "motorcycle", _:
            return Category.MOTORCYCLE
        case "light-motorcycle", _:
            return Category.LIGHT_MOTORCYCLE
        case "car", int(power) if power <= 5:
            return Category.CAR_5
        case "car", int(power) if power <= 7:
            return Category.CAR_7
        case "car", int():
            return Category.CAR_8
        case _:
            return None


def night_category(commune: str, large_communes: Mapping[str, Category], *, raised: bool) -> Category:
    """Where one sleeps; `large_communes` are beginnings of INSEE codes, the longest one decides."""
    if raised:
        return Category.RAISED
    fitting = [prefix for prefix in large_communes if commune.startswith(prefix)]
    return large_communes[max(fitting, key=len)] if fitting else Category.BASE
