"""The seats of an offer: a range for every bassin, another for the exception, and a warning where people lack."""

import pytest

from common.identifiers import CodeBassin
from training.sizing.domain import PER_BASSIN, Identified, ImpossibleQuota, Quota, offered, read_exceptions, size

ORDINARY, CAEN = CodeBassin("09102"), CodeBassin("09101")  # LILLE CENTRE plays the exception of Caen
EXCEPTIONS = {CAEN: Quota(minimum=4, maximum=6)}


def bassin(code: CodeBassin, identified: int) -> Identified:
    return Identified(bassin=code, name="", addressed=2, answered=1, identified=identified)


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

    assert offered(lines) == (6, 9)


@pytest.mark.item(124)
def test_the_quota_and_its_exceptions_are_read_as_the_letter_says_them() -> None:
    assert Quota.read("2-3") == PER_BASSIN
    assert Quota.read("3-3") == Quota(minimum=3, maximum=3)
    assert read_exceptions(["09101:4-6"]) == EXCEPTIONS


@pytest.mark.parametrize("text", ["", "2", "2-", "-3", "3-2", "a-b", "2-3-4", "²-3", "2-1000000"])
def test_an_impossible_range_is_refused(text: str) -> None:
    with pytest.raises(ImpossibleQuota):
        Quota.read(text)


@pytest.mark.parametrize("text", ["", "09101", "9101:2-3", "09101:3-2", "LILLE:2-3"])
def test_an_exception_names_a_bassin_and_its_range(text: str) -> None:
    with pytest.raises(ImpossibleQuota):
        read_exceptions([text])
