"""« Les personnels de secrétariat … seront conviés », and whoever goes is called to his group once he may."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from tests.unit.training.gathered import (
    BEFORE,
    LYCEE,
    STARTS,
    ids,
    meeting,
    paper,
    part,
    progress,
    recipient,
    session,
    sheet,
)

from common.contracts.training import ConvocationCancelled, ConvocationIssued, HalfDay
from training.candidatures.domain import Status
from training.convocations.documents import meeting_drafts, session_drafts
from training.convocations.domain import (
    NobodyToConvene,
    SessionBegun,
    Withholding,
    convene_group,
    convene_secretaries,
    follow_cancellation,
    follow_move,
    follow_withdrawal,
    slots_of,
    unnamed,
    withholding,
)
from training.meetings.domain import MeetingOver
from training.papers.domain import Kind, Stated

CV = Kind.CONVOCATION
LATER = meeting(starts_at=datetime(2008, 2, 12, 13, tzinfo=UTC), ends_at=datetime(2008, 2, 12, 16, tzinfo=UTC))
EVE, FIRST_DAY = date(2008, 1, 13), date(2008, 1, 14)


def test_everybody_whom_the_census_names_is_convened_once() -> None:
    secretaries = (recipient(1), recipient(2), recipient(1, uai=LYCEE))

    convened = convene_secretaries(sheet(CV, secretaries=secretaries), ids(), at=BEFORE)

    assert [(each.person, each.uai) for each in convened] == [(each.person, each.uai) for each in secretaries[:2]]
    assert [each.number for each in convened] == ["09-CV-2008-000001", "09-CV-2008-000002"]


def test_whoever_is_convened_is_not_convened_again() -> None:
    secretaries = (recipient(1), recipient(2))

    convened = convene_secretaries(sheet(CV, paper(1), paper(2, in_force=False), secretaries=secretaries), ids(),
                                   at=BEFORE)  # fmt: skip

    assert [each.person for each in convened] == [recipient(2).person]


def test_somebody_without_a_name_is_not_convened_and_it_is_said() -> None:
    asked = sheet(CV, secretaries=(recipient(1), recipient(2, name="")))

    assert [each.person for each in convene_secretaries(asked, ids(), at=BEFORE)] == [recipient(1).person]
    assert unnamed(asked) == {recipient(2).person: Withholding.NAME_UNKNOWN}


def test_a_census_that_names_nobody_convenes_nobody() -> None:
    with pytest.raises(NobodyToConvene):
        convene_secretaries(sheet(CV, secretaries=()), ids(), at=BEFORE)


def test_nobody_is_convened_to_a_meeting_that_has_begun() -> None:
    with pytest.raises(MeetingOver):
        convene_secretaries(sheet(CV, secretaries=(recipient(1),)), ids(), at=STARTS)


def test_a_moved_meeting_replaces_each_convocation() -> None:
    ended, anew = follow_move(sheet(CV, paper(1), paper(2, in_force=False), meeting=LATER), ids())

    assert isinstance(ended, ConvocationCancelled)
    assert isinstance(anew, ConvocationIssued)
    assert (ended.subject, anew.person, anew.number) == (paper(1).id, recipient(1).person, "09-CV-2008-000002")


def test_another_place_is_another_meeting_and_other_animateurs_are_not() -> None:
    assert len(follow_move(sheet(CV, paper(1), meeting=meeting(place="Collège")), ids())) == 2
    assert follow_move(sheet(CV, paper(1), meeting=meeting(animateurs=(UUID(int=1),))), ids()) == []


def test_of_somebody_whose_name_is_erased_a_convocation_is_only_cancelled() -> None:
    erased = paper(1, recipient=recipient(1, name=""))

    (ended,) = follow_move(sheet(CV, erased, meeting=LATER), ids())

    assert isinstance(ended, ConvocationCancelled)


def test_what_was_erased_is_not_replaced() -> None:
    assert follow_move(sheet(CV, paper(1, text=None), meeting=LATER), ids()) == []


def test_a_cancelled_meeting_cancels_each_convocation() -> None:
    told = follow_cancellation(meeting(), [paper(1), paper(2)], ids())

    assert [each.subject for each in told] == [paper(1).id, paper(2).id]


def test_the_last_word_has_the_highest_sequence() -> None:
    moved = sheet(CV, paper(1, sequence=3), meeting=LATER)

    replaced, anew = meeting_drafts(moved, follow_move(moved, ids()), reason="Déplacée.")

    assert (replaced.sequence, replaced.silent, anew.sequence, anew.silent) == (3, True, 4, False)


@pytest.mark.item(130)
def test_those_retained_are_called_and_pass_to_convened() -> None:
    convening = convene_group(session(1, progress(1), progress(2, Status.CONVENED)), ids(), today=EVE)

    assert [each.person for each in convening.events] == [recipient(1).person, recipient(2).person]
    assert convening.passing == {progress(1).candidature.id: Status.CONVENED}


def test_whoever_is_called_to_his_group_is_not_called_again() -> None:
    convening = convene_group(session(1, progress(1, Status.CONVENED), papers=(paper(1),)), ids(), today=EVE)

    assert (convening.events, convening.passing, convening.withheld) == ([], {}, {})


def test_a_group_without_people_is_not_convened() -> None:
    with pytest.raises(NobodyToConvene):
        convene_group(session(1), ids(), today=EVE)


def test_a_group_is_convened_until_its_eve() -> None:
    with pytest.raises(SessionBegun):
        convene_group(session(1, progress(1)), ids(), today=FIRST_DAY)


@pytest.mark.item(137)
def test_the_second_module_takes_the_first_and_the_meeting() -> None:
    second = part(2)

    assert withholding(progress(1, Status.ABSENT, met=True), second) is Withholding.MODULE_NOT_FOLLOWED
    assert withholding(progress(1, Status.PRESENT, 1), second) is Withholding.MEETING_NOT_ATTENDED
    assert withholding(progress(1, Status.PRESENT, 1, met=True), second) is None


def test_somebody_without_a_name_is_withheld_from_his_group() -> None:
    convening = convene_group(session(1, progress(1, recipient=recipient(1, name=""))), ids(), today=EVE)

    assert convening.withheld == {recipient(1).person: Withholding.NAME_UNKNOWN}
    assert (convening.events, convening.passing) == ([], {})


def test_whoever_withdraws_is_expected_no_more() -> None:
    (told,) = follow_withdrawal(paper(1), UUID(int=500), cancelling=UUID(int=60))

    assert (told.subject, told.cancelling) == (paper(1).id, UUID(int=60))
    assert follow_withdrawal(paper(1, in_force=False), UUID(int=500), cancelling=UUID(int=60)) == []


def test_an_agenda_keeps_one_time_a_day_from_the_first_half_to_the_last() -> None:
    """Also over the change of hour of the 30th of March 2008."""
    half_days = [HalfDay(date(2008, 3, 31), "pm"), HalfDay(date(2008, 3, 28), "pm"), HalfDay(date(2008, 3, 28), "am")]

    slots = slots_of(half_days, "Europe/Paris")

    assert [each.starts_at.isoformat() for each in slots] == ["2008-03-28T09:00:00+01:00", "2008-03-31T14:00:00+02:00"]
    assert [each.ends_at.isoformat() for each in slots] == ["2008-03-28T17:00:00+01:00", "2008-03-31T17:00:00+02:00"]


def test_a_convocation_says_half_days_and_its_agenda_says_hours() -> None:
    called = session(1, progress(1))

    (draft,) = session_drafts(called, convene_group(called, ids(), today=EVE).events)

    days = "14 janvier 2008 (matin et après-midi) ; 15 janvier 2008 (matin et après-midi)"
    assert Stated("Dates", days) in draft.text.lines
    assert draft.text.occasion is not None
    assert len(draft.text.occasion.slots) == 2
