"""A network begins in a known bassin, once per function, under the charter in force that day."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from common.identifiers import CodeAcademie, CodeBassin
from hr_networks.networks.domain import (
    BassinOfNoNetwork,
    Charter,
    CharterInThePast,
    CharterWish,
    Ground,
    NetworkAlreadyActive,
    NetworkWish,
    NoCharterInForce,
    Purpose,
    activate,
    applies_from,
    in_force,
)

TODAY = date(2008, 1, 21)
FIRST = Charter(version=1, applies_from=date(2007, 9, 1))
WISH = NetworkWish(bassin=CodeBassin("09101"), function="secrétariat de direction", purposes=(Purpose.PRACTICES,))


def ground(**changes: Any) -> Ground:
    return Ground(**{"bassin_known": True, "active": False, "charters": (FIRST,), **changes})


def charter(day: date | None) -> CharterWish:
    return CharterWish(
        academie=CodeAcademie("09"), text="…", office="DIFOR", mail="difor@ac-lille.example", applies_from=day
    )


@pytest.mark.item(116)
def test_a_network_is_activated_under_the_charter_in_force() -> None:
    fact, applied = activate(UUID(int=1), WISH, ground(), today=TODAY)

    assert (fact.subject, fact.bassin, fact.function) == (UUID(int=1), "09101", "secrétariat de direction")
    assert applied == FIRST


def test_a_network_is_activated_once_and_where_there_is_a_bassin() -> None:
    with pytest.raises(NetworkAlreadyActive):
        activate(UUID(int=1), WISH, ground(active=True), today=TODAY)
    with pytest.raises(BassinOfNoNetwork):
        activate(UUID(int=1), WISH, ground(bassin_known=False), today=TODAY)


def test_of_the_charters_that_apply_the_last_published_is_in_force() -> None:
    second = Charter(version=2, applies_from=TODAY)
    later = Charter(version=3, applies_from=date(2008, 1, 22))

    assert in_force([FIRST, second, later], today=TODAY) == second
    with pytest.raises(NoCharterInForce):
        in_force([later], today=TODAY)


def test_a_charter_applies_from_today_or_later() -> None:
    assert applies_from(charter(None), today=TODAY) == TODAY
    assert applies_from(charter(date(2008, 2, 1)), today=TODAY) == date(2008, 2, 1)
    with pytest.raises(CharterInThePast):
        applies_from(charter(date(2008, 1, 20)), today=TODAY)


def test_every_purpose_has_its_words() -> None:
    assert all(purpose.label for purpose in Purpose)
