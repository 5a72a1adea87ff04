"""A candidature begins with whom the census named, and goes from state to state only as the machine allows."""

from datetime import date
from uuid import UUID

import pytest
from tests.unit.training.made import COLLEGE, GROUPS, OPENING, ROUBAIX, SECOND_1, applicant, candidature

from common.identifiers import Uai
from training.candidatures.domain import (
    ApplicationsNotOpen,
    Candidature,
    NotIdentified,
    NotLinked,
    NotYourCandidature,
    School,
    SchoolToChoose,
    SchoolWithoutBassin,
    Status,
    WrongState,
    attend,
    convene,
    enter,
    following,
    miss,
    recognise,
    refuse_late_choice,
    refuse_others,
    revoke_recognition,
    start,
    submit,
)
from training.groups.domain import GroupFull, GroupMissing

TODAY = date(2007, 11, 21)
LYCEE = School(uai=Uai("0590002G"), bassin=ROUBAIX)
NEW = UUID(int=7)


def begin(who: object = None, uai: Uai | None = None, today: date = TODAY) -> Candidature:
    return start(NEW, OPENING, who or applicant(), groups=GROUPS, uai=uai, today=today)  # type: ignore[arg-type]


def test_somebody_identified_and_linked_begins_a_draft() -> None:
    drafted = begin()

    assert (drafted.status, drafted.uai, drafted.bassin) == (Status.DRAFT, COLLEGE, ROUBAIX)


def test_somebody_not_linked_or_not_identified_does_not() -> None:
    with pytest.raises(NotLinked):
        begin(applicant(person=None))
    with pytest.raises(NotIdentified):
        begin(applicant(schools=()))
    with pytest.raises(NotIdentified):
        begin(uai=LYCEE.uai)


def test_of_two_schools_one_is_named() -> None:
    both = applicant(School(uai=COLLEGE, bassin=ROUBAIX), LYCEE)

    with pytest.raises(SchoolToChoose):
        begin(both)
    assert begin(both, LYCEE.uai).uai == LYCEE.uai


def test_places_are_those_of_a_bassin() -> None:
    with pytest.raises(SchoolWithoutBassin):
        begin(applicant(School(uai=COLLEGE, bassin=None)))


@pytest.mark.parametrize("today", [date(2007, 11, 19), date(2007, 12, 5)])
def test_one_applies_within_the_window(today: date) -> None:
    with pytest.raises(ApplicationsNotOpen):
        begin(today=today)
    with pytest.raises(ApplicationsNotOpen):
        submit(begin(), OPENING, applicant(), today=today)


def test_a_draft_is_submitted_once_whole() -> None:
    event = submit(begin(), OPENING, applicant(), today=TODAY)

    assert (event.subject, event.person, event.uai, event.bassin) == (NEW, applicant().person, COLLEGE, ROUBAIX)
    with pytest.raises(WrongState):
        submit(candidature(1), OPENING, applicant(), today=TODAY)
    with pytest.raises(GroupMissing):
        submit(candidature(1, Status.DRAFT, groups={}), OPENING, applicant(), today=TODAY)
    with pytest.raises(GroupFull):
        submit(begin(), OPENING, applicant(taken={SECOND_1: 40}), today=TODAY)


def test_nobody_acts_in_the_name_of_another() -> None:
    refuse_others(candidature(1), candidature(1).person)
    for stranger in (None, candidature(2).person):
        with pytest.raises(NotYourCandidature):
            refuse_others(candidature(1), stranger)


def test_the_machine_is_this_one() -> None:
    arrows = {status.value: sorted(following(status)) for status in Status}

    assert arrows == {
        "draft": ["submitted", "withdrawn"],
        "submitted": ["avis_given", "avis_lapsed", "withdrawn"],
        "avis_given": ["not_retained", "retained", "waitlisted", "withdrawn"],
        "avis_lapsed": ["not_retained", "retained", "waitlisted", "withdrawn"],
        "waitlisted": ["promoted", "withdrawn"],
        "promoted": ["not_retained", "retained", "withdrawn"],
        "retained": ["convened", "withdrawn"],
        "convened": ["absent", "present", "withdrawn"],
        "present": ["absent", "recognised"],
        "absent": ["present"],
        "recognised": ["present"],
        "not_retained": [],
        "withdrawn": [],
    }
    for status in Status:
        for to in set(Status) - following(status):
            with pytest.raises(WrongState):
                enter(status, to)


def test_each_state_has_its_french_label() -> None:
    assert len({status.label for status in Status}) == len(Status)


def test_a_convocation_ends_the_choice_of_groups() -> None:
    for status in (Status.DRAFT, Status.SUBMITTED, Status.WAITLISTED, Status.PROMOTED, Status.RETAINED):
        refuse_late_choice(status)
    for status in (Status.CONVENED, Status.PRESENT, Status.NOT_RETAINED, Status.WITHDRAWN):
        with pytest.raises(WrongState):
            refuse_late_choice(status)


@pytest.mark.item(139)
def test_somebody_retained_is_convened_attends_and_is_recognised() -> None:
    assert convene(candidature(1, Status.RETAINED)) is Status.CONVENED
    assert attend(candidature(1, Status.CONVENED)) is Status.PRESENT
    assert miss(candidature(1, Status.CONVENED)) is Status.ABSENT
    assert attend(candidature(1, Status.ABSENT)) is Status.PRESENT
    assert recognise(candidature(1, Status.PRESENT)) is Status.RECOGNISED
    assert revoke_recognition(candidature(1, Status.RECOGNISED)) is Status.PRESENT


def test_nobody_is_recognised_without_having_come() -> None:
    with pytest.raises(WrongState):
        recognise(candidature(1, Status.ABSENT))
    with pytest.raises(WrongState):
        attend(candidature(1, Status.RECOGNISED))
    with pytest.raises(WrongState):
        revoke_recognition(candidature(1, Status.ABSENT))
