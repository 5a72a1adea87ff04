"""The letter of 26 October 2007, from the census to the pay: 23 bassins, two académies, four services, real servers."""

from collections.abc import Callable

import pytest
from tests.journeys.letter.conftest import Platform

from common.local.letter.figures import Figures, Line, table, total
from common.local.letter.playing import LAST, Letter

pytestmark = pytest.mark.xdist_group("letter")

DISTURBED_AFTER = {"selection": ["again"], "meetings": ["kill"], LAST: ["again"]}
OF_THE_LETTER = Figures(candidatures=56, retained=51, waiting=2, papers=352, exported=16, cents=589_44)


@pytest.mark.item(113, 115, 116, 119, 121, 122, 123, 124, 125, 126, 127, 128, 129, 130, 131, 133, 134, 135, 136, 137)
@pytest.mark.item(139, 141)
def test_the_letter_is_played_from_the_census_to_the_pay(platform: Platform) -> None:
    """Each step asserts what it is the proof of, and services must agree (common.local.letter.agreement)."""
    assert_as_expected(played(platform))


def test_it_comes_to_the_same_when_all_services_are_killed_and_every_event_comes_twice(platform: Platform) -> None:
    """Killed with papers and answers under way; the second time comes in the middle too, and once more at the end."""

    def disturb(act: str) -> None:
        for order in DISTURBED_AFTER.get(act, ()):
            platform.tell(order)

    assert_as_expected(played(platform, after=disturb))


def played(platform: Platform, after: Callable[[str], None] = lambda _: None) -> list[Line]:
    letter = Letter(platform.url, platform.identity_provider, platform.clock)
    try:
        letter.load_directory()
        letter.play(after=after)
        return letter.figures()
    finally:
        letter.close()


def assert_as_expected(found: list[Line]) -> None:
    assert total(found) == OF_THE_LETTER, "\n".join(table(found))
    assert figures(found, "09101") == Figures(8, 6, 1, 40, 0, 0)  # LILLE CENTRE: 4 to 6, one withdrawn, one promoted
    assert figures(found, "09108") == Figures(1, 1, 0, 10, 0, 0)  # under its minimum
    assert figures(found, "09105") == Figures(2, 2, 0, 12, 0, 0)  # an animateur absent
    assert figures(found, "09107") == Figures(2, 2, 0, 13, 0, 0)  # a mission cancelled
    assert figures(found, "09113") == Figures(2, 2, 0, 14, 1, 46_88)  # late, in the next month: 84 km and a meal
    assert figures(found, "20909") == Figures(2, 2, 0, 14, 2, 72_00)  # rejected once, and sent again


def figures(found: list[Line], bassin: str) -> Figures:
    return next(line.figures for line in found if line.bassin == bassin)
