"""Autorisation: each chef d'établissement answers for his own, with the reason of a refusal, and may answer anew."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.training.gathered import BEFORE, COLLEGE, LYCEE, STARTS, ids, meeting, paper, recipient, sheet

from common.contracts.training import AutorisationGranted, AutorisationRefused
from common.identifiers import Uai
from training.autorisations.documents import drafts
from training.autorisations.domain import (
    AlreadyAnswered,
    AnsweredTwice,
    AnswersWish,
    AnswerWish,
    NotYourSecretary,
    RefusalReasonRequired,
    answer,
)
from training.meetings.domain import MeetingOver
from training.papers.domain import Given, Kind, Stated

AU = Kind.AUTORISATION
ANNA, BRUNO, EMMA = recipient(1), recipient(2), recipient(3, uai=LYCEE)
CONVENED = frozenset(each.person for each in (ANNA, BRUNO, EMMA))
LATER = meeting(starts_at=datetime(2008, 2, 12, 13, tzinfo=UTC), ends_at=datetime(2008, 2, 12, 16, tzinfo=UTC))
YES = AnswerWish(person=ANNA.person, granted=True)
NO = AnswerWish(person=ANNA.person, granted=False, reason="Service en tension.")


def wish(*answers: AnswerWish) -> AnswersWish:
    return AnswersWish(uai=Uai(COLLEGE), answers=answers)


def asked(*papers: Given, **changes: Any) -> Any:
    return sheet(AU, *papers, secretaries=(ANNA, BRUNO, EMMA), **changes)


@pytest.mark.item(136)
def test_a_head_answers_yes_for_one_and_no_for_another_in_one_call() -> None:
    no = AnswerWish(person=BRUNO.person, granted=False, reason="Conseil d’administration.")

    granted, refused = answer(asked(), wish(YES, no), CONVENED, ids(), at=BEFORE)

    assert isinstance(granted, AutorisationGranted)
    assert isinstance(refused, AutorisationRefused)
    assert (granted.person, refused.person, granted.uai) == (ANNA.person, BRUNO.person, COLLEGE)


@pytest.mark.parametrize("given", [YES, NO])
def test_a_reason_goes_with_a_refusal_and_with_nothing_else(given: AnswerWish) -> None:
    reason = None if given is NO else "Parce que."
    wrong = AnswerWish(person=given.person, granted=given.granted, reason=reason)

    with pytest.raises(RefusalReasonRequired) as refused:
        answer(asked(), wish(wrong), CONVENED, ids(), at=BEFORE)

    assert [each.pointer for each in refused.value.errors] == ["/answers/0/reason"]


def test_a_head_answers_for_nobody_of_another_school() -> None:
    other = AnswerWish(person=EMMA.person, granted=True)

    with pytest.raises(NotYourSecretary) as refused:
        answer(asked(), wish(YES, other), CONVENED, ids(), at=BEFORE)

    assert [each.pointer for each in refused.value.errors] == ["/answers/1/person"]


def test_a_head_answers_for_nobody_who_is_not_convened() -> None:
    with pytest.raises(NotYourSecretary):
        answer(asked(), wish(YES), CONVENED - {ANNA.person}, ids(), at=BEFORE)


def test_two_answers_for_one_person_are_none() -> None:
    with pytest.raises(AnsweredTwice):
        answer(asked(), wish(YES, NO), CONVENED, ids(), at=BEFORE)


def test_nothing_is_answered_once_the_meeting_has_begun() -> None:
    with pytest.raises(MeetingOver):
        answer(asked(), wish(YES), CONVENED, ids(), at=STARTS)


def test_the_same_answer_is_given_once_and_another_one_replaces_it() -> None:
    before = paper(1, granted=True)

    with pytest.raises(AlreadyAnswered):
        answer(asked(before), wish(YES), CONVENED, ids(), at=BEFORE)
    changed = answer(asked(before), wish(NO), CONVENED, ids(), at=BEFORE)

    replaced, anew = drafts(asked(before), wish(NO), changed)
    assert (replaced.cancels, replaced.silent) == (before.id, True)
    assert (anew.granted, anew.silent) == (False, False)
    assert Stated("Motif du refus", "Service en tension.") in anew.text.lines


def test_of_several_answers_only_the_new_ones_are_papers() -> None:
    bruno = AnswerWish(person=BRUNO.person, granted=True)

    (told,) = answer(asked(paper(1, granted=True)), wish(YES, bruno), CONVENED, ids(), at=BEFORE)

    assert told.person == BRUNO.person


def test_the_answer_of_another_school_is_its_own() -> None:
    elsewhere = paper(1, granted=True, uai=LYCEE)

    assert len(answer(asked(elsewhere), wish(YES), CONVENED, ids(), at=BEFORE)) == 1


def test_for_another_date_the_same_answer_is_given_anew() -> None:
    assert len(answer(asked(paper(1, granted=True), meeting=LATER), wish(YES), CONVENED, ids(), at=BEFORE)) == 1


def test_an_autorisation_is_issued_by_the_chef_and_gives_no_reason() -> None:
    (draft,) = drafts(asked(), wish(YES), answer(asked(), wish(YES), CONVENED, ids(), at=BEFORE))

    assert draft.text.issuer == "Le chef d’établissement – Collège"
    assert "Motif du refus" not in {line.label for line in draft.text.lines}
