"""A night, a meal and a kilometre are paid at the rate in force on the day of the mission, to the cent."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from payroll.rates.domain import (
    Category,
    ExpenseLine,
    ImpossibleRate,
    Kind,
    ProposedRate,
    Rate,
    RateAlreadyApplied,
    RateWish,
    apply,
    half_up,
    kilometre_line,
    line,
    night_category,
    propose,
    rate_on,
    vehicle_category,
)
from payroll.rates.reference import large_communes, nationwide

FEBRUARY_2027 = date(2027, 2, 2)


@pytest.mark.parametrize(("day", "cents"), [(date(2023, 9, 21), 1750), (date(2023, 9, 22), 2000)])
def test_a_meal_is_worth_what_the_day_says(day: date, cents: int) -> None:
    assert line(nationwide(), Kind.MEAL, Category.NONE, 1, day=day) == ExpenseLine(
        kind=Kind.MEAL, quantity=1, mills=cents * 10, amount=cents
    )


@pytest.mark.parametrize(
    ("category", "before", "since"),
    [
        (Category.BASE, 7000, 9000),
        (Category.LARGE_COMMUNE, 9000, 12000),
        (Category.PARIS, 11000, 14000),
        (Category.RAISED, 12000, 15000),
    ],
)
def test_a_night_is_worth_what_place_and_day_say(category: Category, before: int, since: int) -> None:
    for day, cents in ((date(2023, 9, 21), before), (date(2023, 9, 22), since)):
        night = line(nationwide(), Kind.NIGHT, category, 1, day=day)

        assert night is not None
        assert night.amount == cents


@pytest.mark.parametrize(
    ("commune", "category"),
    [
        ("59350", Category.LARGE_COMMUNE),
        ("59512", Category.BASE),
        ("75056", Category.PARIS),
        ("93066", Category.LARGE_COMMUNE),
        ("95018", Category.LARGE_COMMUNE),
        ("95127", Category.BASE),
    ],
)
def test_a_commune_has_its_nights(commune: str, category: Category) -> None:
    assert night_category(commune, large_communes(), raised=False) is category


def test_the_raised_night_rate_follows_the_person_wherever_he_sleeps() -> None:
    assert night_category("75056", large_communes(), raised=True) is Category.RAISED


@pytest.mark.parametrize(
    ("category", "rates"),
    [
        (Category.CAR_5, (320, 400, 230)),
        (Category.CAR_7, (410, 510, 300)),
        (Category.CAR_8, (450, 550, 320)),
    ],
)
def test_the_bands_are_those_of_the_arrete(category: Category, rates: tuple[int, int, int]) -> None:
    found = [rate_on(nationwide(), Kind.KILOMETRE, category, day=FEBRUARY_2027, above_km=a) for a in (0, 2000, 10000)]

    assert [rate.mills if rate else None for rate in found] == list(rates)


@pytest.mark.parametrize(
    ("already", "kilometres", "cents"),
    [
        (0, 46, 1472),  # 46 x 0.32
        (0, 2000, 64000),
        (2000, 1, 40),
        (1990, 60, 320 + 2000),  # 10 x 0.32 and 50 x 0.40
        (9990, 20, 400 + 230),  # 10 x 0.40 and 10 x 0.23
        (20000, 10, 230),
        (0, 12000, 64000 + 320000 + 46000),
    ],
)
def test_kilometres_go_on_counting_through_the_year(already: int, kilometres: int, cents: int) -> None:
    found = kilometre_line(nationwide(), Category.CAR_5, kilometres, already=already, day=FEBRUARY_2027)

    assert found is not None
    assert (found.quantity, found.amount) == (kilometres, cents)


def test_a_motorcycle_has_one_band() -> None:
    large = kilometre_line(nationwide(), Category.MOTORCYCLE, 100, already=3000, day=FEBRUARY_2027)
    small = kilometre_line(nationwide(), Category.LIGHT_MOTORCYCLE, 100, already=0, day=FEBRUARY_2027)

    assert large is not None
    assert small is not None
    assert (large.amount, small.amount) == (1500, 1200)


@pytest.mark.parametrize(
    ("vehicle", "horsepower", "category"),
    [
        ("car", 4, Category.CAR_5),
        ("car", 5, Category.CAR_5),
        ("car", 6, Category.CAR_7),
        ("car", 7, Category.CAR_7),
        ("car", 8, Category.CAR_8),
        ("car", None, None),
        ("motorcycle", None, Category.MOTORCYCLE),
        ("light-motorcycle", None, Category.LIGHT_MOTORCYCLE),
        ("none", None, None),
    ],
)
def test_a_vehicle_is_rated_by_its_fiscal_horsepower(
    vehicle: str, horsepower: int | None, category: Category | None
) -> None:
    assert vehicle_category(vehicle, horsepower) is category


def test_no_rate_is_known_before_the_first_one() -> None:
    assert line(nationwide(), Kind.MEAL, Category.NONE, 1, day=date(2008, 1, 14)) is None
    assert kilometre_line(nationwide(), Category.CAR_5, 10, already=0, day=date(2021, 12, 31)) is None


@pytest.mark.parametrize(("mills", "cents"), [(0, 0), (14, 1), (15, 2), (16, 2), (25, 3), (1004, 100), (1005, 101)])
def test_an_amount_is_rounded_half_up_to_the_cent(mills: int, cents: int) -> None:
    assert half_up(mills) == cents


def test_a_line_is_rounded_once_and_not_kilometre_by_kilometre() -> None:
    rates = [
        Rate(kind=Kind.KILOMETRE, category=Category.MOTORCYCLE, above_km=0, mills=145, valid_from=date(2027, 1, 1))
    ]

    found = kilometre_line(rates, Category.MOTORCYCLE, 3, already=0, day=FEBRUARY_2027)

    assert found is not None
    assert found.amount == 44  # 0.435, not 3 x 0.15


def test_a_rate_published_in_march_holds_from_january_on() -> None:
    published = Rate(
        kind=Kind.MEAL, category=Category.NONE, above_km=0, mills=21_000, valid_from=date(2027, 1, 1),
        recorded_at=datetime(2027, 3, 15, tzinfo=UTC),
    )  # fmt: skip
    rates = [*nationwide(), published]

    before, after = (rate_on(rates, Kind.MEAL, Category.NONE, day=day) for day in (date(2026, 12, 31), FEBRUARY_2027))

    assert before is not None
    assert (before.mills, after) == (20_000, published)


def test_of_two_rates_of_one_day_the_one_recorded_last_counts() -> None:
    base = next(r for r in nationwide() if r.kind is Kind.MEAL and r.mills == 20_000)
    first, second = (
        Rate(kind=Kind.MEAL, category=Category.NONE, above_km=0, mills=mills, valid_from=base.valid_from,
             recorded_at=datetime(2027, 3, day, tzinfo=UTC))
        for mills, day in ((20_500, 1), (20_400, 2))
    )  # fmt: skip

    assert rate_on([second, base, first], Kind.MEAL, Category.NONE, day=FEBRUARY_2027) == second


def test_a_rate_of_no_category_is_refused() -> None:
    wish = RateWish(kind=Kind.MEAL, category=Category.PARIS, mills=1, valid_from=FEBRUARY_2027, source="arrêté")

    with pytest.raises(ImpossibleRate):
        propose(wish, at=datetime(2027, 3, 1, tzinfo=UTC))


def test_a_rate_is_applied_once() -> None:
    rate = propose(
        RateWish(kind=Kind.MEAL, mills=21_000, valid_from=FEBRUARY_2027, source="arrêté"),
        at=datetime(2027, 3, 1, tzinfo=UTC),
    )
    with pytest.raises(RateAlreadyApplied):
        apply(ProposedRate(id=UUID(int=1), rate=rate, applied=True, revision=2))
    assert apply(ProposedRate(id=UUID(int=1), rate=rate, applied=False, revision=1)) == rate
