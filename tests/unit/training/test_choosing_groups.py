"""« groupe 1 ou groupe 2 »: exactly one of each module, where a place remains and where one is free."""

from datetime import date
from uuid import UUID

import pytest
from tests.unit.training.made import FIRST_1, FIRST_2, GROUPS, MODULES, SECOND_1, group

from training.groups.domain import (
    Engagement,
    GroupFull,
    GroupMissing,
    GroupsClash,
    TwoGroupsOfAModule,
    UnknownGroup,
    choose,
    refuse_full,
    refuse_missing,
)
from training.sessions.domain import Half, ModuleWish, programme


@pytest.mark.item(130)
def test_one_group_of_each_module() -> None:
    assert choose([FIRST_1, SECOND_1], MODULES, engagements=()) == GROUPS
    assert choose([FIRST_1, FIRST_1], MODULES, engagements=()) == {MODULES[0].id: FIRST_1}
    with pytest.raises(TwoGroupsOfAModule, match="méthodologique"):
        choose([FIRST_1, FIRST_2], MODULES, engagements=())


def test_a_group_of_another_offer_is_unknown() -> None:
    with pytest.raises(UnknownGroup) as refused:
        choose([FIRST_1, UUID(int=9)], MODULES, engagements=())
    assert [error.pointer for error in refused.value.errors] == ["/groups/1"]


def test_somebody_expected_elsewhere_chooses_another_group() -> None:
    convened = Engagement(day=date(2008, 1, 15), half=Half.PM, what="réunion du bassin")

    with pytest.raises(GroupsClash, match=r"15/01/2008 .après-midi..*réunion du bassin"):
        choose([FIRST_1], MODULES, engagements=[convened])
    assert choose([FIRST_2], MODULES, engagements=[convened])


def test_two_groups_chosen_do_not_clash_with_each_other() -> None:
    same_day = programme(
        UUID(int=3), [ModuleWish(title=title, groups=(group("groupe 1", date(2008, 1, 14)),)) for title in ("A", "B")]
    )

    with pytest.raises(GroupsClash):
        choose([part.groups[0].id for part in same_day], same_day, engagements=())


def test_a_module_without_group_is_told() -> None:
    with pytest.raises(GroupMissing, match="suivi et supervision"):
        refuse_missing({MODULES[0].id: FIRST_1}, MODULES)
    refuse_missing(GROUPS, MODULES)


def test_a_group_whose_places_are_taken_is_full() -> None:
    with pytest.raises(GroupFull, match="groupe 1"):
        refuse_full([FIRST_1], MODULES, {FIRST_1: 40})
    refuse_full([FIRST_1], MODULES, {FIRST_1: 39, FIRST_2: 40})
