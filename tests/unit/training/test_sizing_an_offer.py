"""The seats of an offer: a range for every bassin, another for the exception, and a warning where people lack."""

import pytest

from common.identifiers import CodeBassin
from training.sizing.domain import PER_BASSIN, EmptyQuota, Identified, Quota, offered, size

ORDINARY, CAEN = CodeBassin("09102"), CodeBassin("09101")  # LILLE CENTRE plays the exception of Caen
EXCEPTIONS = {CAEN: Quota(minimum=4, maximum=6)}


def bassin(code: CodeBassin, identified: int) -> Identified:
    return Identified(bassin=code, addressed=2, answered=1, identified=identified)


@pytest.mark.item(123)
def test_two_to_three_people_per_bassin() -> None:
    (line,) = size([bassin(ORDINARY, 5)], exceptions={})

    assert (PER_BASSIN.minimum, PER_BASSIN.maximum) == (2, 3)
    assert (line.identified, line.minimum, line.maximum) == (5, 2, 3)


@pytest.mark.item(124)
def test_four_to_six_for_the_one_bassin_that_is_the_exception() -> None:
    lines = size([bassin(CAEN, 7), bassin(ORDINARY, 7)], exceptions=EXCEPTIONS)

    assert [(line.bassin, line.minimum, line.maximum) for line in lines] == [(CAEN, 4, 6), (ORDINARY, 2, 3)]


@pytest.mark.item(123)
@pytest.mark.parametrize(("identified", "warned"), [(0, True), (1, True), (2, False), (3, False), (9, False)])
def test_a_bassin_with_fewer_people_than_its_minimum_is_a_warning(identified: int, warned: bool) -> None:
    (line,) = size([bassin(ORDINARY, identified)], exceptions={})

    assert line.under_minimum is warned


@pytest.mark.item(124)
def test_the_exception_is_warned_of_by_its_own_minimum() -> None:
    (line,) = size([bassin(CAEN, 3)], exceptions=EXCEPTIONS)

    assert line.under_minimum


@pytest.mark.item(122)
def test_the_offer_is_the_sum_of_its_bassins() -> None:
    lines = size([bassin(CAEN, 7), bassin(ORDINARY, 0)], exceptions=EXCEPTIONS)

    assert offered(lines) == Quota(minimum=6, maximum=9)


@pytest.mark.parametrize(("minimum", "maximum"), [(-1, 3), (4, 3)])
def test_an_impossible_range_is_refused(minimum: int, maximum: int) -> None:
    with pytest.raises(EmptyQuota):
        Quota(minimum=minimum, maximum=maximum)
