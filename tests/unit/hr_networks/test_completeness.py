"""Completeness: the share of the addressed schools that answered, per bassin and in all."""

from uuid import UUID

from common.identifiers import CodeBassin, Uai
from hr_networks.completeness.domain import Bassin, Standing, by_bassin, count

LILLE, ROUBAIX = Bassin(CodeBassin("09101"), "LILLE CENTRE"), Bassin(CodeBassin("09104"), "ROUBAIX TOURCOING")
NOWHERE = Bassin(None, "")
ANNA, BRUNO, CHLOE = UUID(int=2), UUID(int=3), UUID(int=4)


def standing(bassin: Bassin, *persons: UUID, answered: bool = True) -> Standing:
    return Standing(uai=Uai("0590318A"), bassin=bassin, answered=answered, persons=persons)


def test_each_bassin_has_its_own_figures() -> None:
    lines = by_bassin(
        [standing(ROUBAIX, answered=False), standing(LILLE, ANNA), standing(LILLE, BRUNO, CHLOE), standing(LILLE)]
    )

    assert [(each.bassin, each.addressed, each.answered, each.identified, each.rate) for each in lines] == [
        ("09101", 3, 3, 3, 1.0),
        ("09104", 1, 0, 0, 0.0),
    ]


def test_bassins_come_in_the_order_of_their_codes() -> None:
    zone = Bassin(CodeBassin("09101"), "ZONE NORD")

    assert [each.name for each in by_bassin([standing(ROUBAIX), standing(zone)])] == ["ZONE NORD", ROUBAIX.name]


def test_schools_without_a_bassin_are_counted_apart_and_last() -> None:
    lines = by_bassin([standing(NOWHERE), standing(LILLE)])

    assert [each.bassin for each in lines] == ["09101", None]


def test_the_rate_is_the_share_of_schools_not_of_people() -> None:
    figures = count([standing(LILLE, ANNA, BRUNO), standing(LILLE, answered=False), standing(LILLE, answered=False)])

    assert (figures.answered, figures.addressed, figures.rate) == (1, 3, 0.3333)


def test_a_person_named_by_two_schools_is_counted_once() -> None:
    assert count([standing(LILLE, ANNA), standing(ROUBAIX, ANNA, BRUNO)]).identified == 2


def test_nobody_addressed_has_no_rate() -> None:
    assert count([]).rate is None
