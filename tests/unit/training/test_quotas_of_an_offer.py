"""2 to 3 people a bassin, 4 to 6 for one: under is a warning, over is refused, and a change takes nobody's place."""

from datetime import date
from uuid import UUID

import pytest
from tests.unit.training.made import FIRST_DAY, LILLE, QUOTAS, ROUBAIX

from common.identifiers import CodeAcademie, CodeBassin
from training.quotas.domain import (
    BassinQuota,
    Consequence,
    Quota,
    QuotaBelowRetained,
    Quotas,
    Selected,
    consequences,
    is_under,
    refuse_impossible,
)
from training.sizing.domain import ImpossibleQuota

BEFORE = date(2007, 12, 20)
FIRST, SECOND = UUID(int=1), UUID(int=2)


def changed(maximum: int, retained: int = 3, today: date = BEFORE) -> Consequence:
    after = Quotas(default=Quota(minimum=2, maximum=maximum), exceptions=QUOTAS.exceptions)
    selected = [Selected(bassin=ROUBAIX, retained=retained, waiting=(FIRST, SECOND))]
    [entailed] = consequences(QUOTAS, after, selected, first_day=FIRST_DAY, today=today)
    return entailed


@pytest.mark.item(123)
@pytest.mark.item(124)
def test_a_bassin_has_the_range_of_all_or_its_own() -> None:
    assert QUOTAS.of(ROUBAIX) == Quota(minimum=2, maximum=3)
    assert QUOTAS.of(LILLE) == Quota(minimum=4, maximum=6)


def test_a_bassin_below_its_minimum_is_under_quota() -> None:
    assert is_under(Quota(minimum=2, maximum=3), 1)
    assert not is_under(Quota(minimum=2, maximum=3), 2)


def test_more_places_call_the_first_who_wait() -> None:
    assert changed(4).promoted == (FIRST,)
    assert changed(5).promoted == (FIRST, SECOND)
    assert changed(9).promoted == (FIRST, SECOND)


def test_a_place_left_free_on_purpose_stays_free() -> None:
    assert changed(4, retained=2).promoted == (FIRST,)


def test_nobody_is_called_once_the_first_session_has_begun() -> None:
    assert changed(4, today=FIRST_DAY).promoted == ()


def test_a_change_takes_his_place_from_nobody() -> None:
    assert changed(2, retained=2).promoted == ()
    with pytest.raises(QuotaBelowRetained, match="09104"):
        changed(2, retained=3)


def test_a_minimum_that_is_raised_may_leave_a_bassin_under_quota() -> None:
    after = Quotas(default=Quota(minimum=3, maximum=3))
    [entailed] = consequences(
        Quotas(), after, [Selected(bassin=ROUBAIX, retained=2, waiting=())], first_day=FIRST_DAY, today=BEFORE
    )

    assert (entailed.under_minimum, entailed.before, entailed.after) == (True, Quota(), after.default)


def test_a_bassin_whose_range_stays_is_not_concerned() -> None:
    after = Quotas(default=Quota(minimum=1, maximum=9), exceptions=QUOTAS.exceptions)
    selected = [Selected(bassin=LILLE, retained=6, waiting=(FIRST,))]

    assert consequences(QUOTAS, after, selected, first_day=FIRST_DAY, today=BEFORE) == []


@pytest.mark.parametrize(
    "exceptions",
    [
        (BassinQuota(bassin=LILLE, minimum=6, maximum=4),),
        (BassinQuota(bassin=LILLE, minimum=4, maximum=6),) * 2,
        (BassinQuota(bassin=CodeBassin("20907"), minimum=4, maximum=6),),
    ],
)
def test_an_impossible_range_is_refused(exceptions: tuple[BassinQuota, ...]) -> None:
    with pytest.raises(ImpossibleQuota):
        refuse_impossible(Quotas(exceptions=exceptions), CodeAcademie("09"))
    refuse_impossible(QUOTAS, CodeAcademie("09"))
