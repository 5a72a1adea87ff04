"""Whoever leaves a place leaves it to the first who waits in his bassin, before the training begins."""

from datetime import date

import pytest
from tests.unit.training.made import FIRST_1, FIRST_DAY, LILLE, candidature, standing

from common.contracts.training import (
    CandidatureNotRetained,
    CandidaturePromoted,
    CandidatureRetained,
    CandidatureWithdrawn,
)
from training.candidatures.domain import Status, WrongState
from training.groups.domain import GroupFull, GroupMissing
from training.promotions.domain import (
    PromotionExpired,
    accept_promotion,
    expire_promotion,
    refuse_promotion,
    withdraw,
)
from training.sessions.domain import programme

TODAY = date(2007, 12, 18)
GOING = candidature(1, Status.RETAINED)
SECOND = candidature(3, Status.WAITLISTED, rank=2)
FIRST = candidature(4, Status.WAITLISTED, rank=1)
ELSEWHERE = candidature(2, Status.WAITLISTED, rank=1, bassin=LILLE)
KNOWN = standing(GOING, ELSEWHERE, SECOND, FIRST)
CALLED = candidature(5, Status.PROMOTED, accept_by=date(2007, 12, 20))


def test_the_first_who_waits_in_the_same_bassin_is_called() -> None:
    left, called = withdraw(KNOWN, GOING, today=TODAY)

    assert (type(left), left.subject) == (CandidatureWithdrawn, GOING.id)
    assert isinstance(called, CandidaturePromoted)
    assert (called.subject, called.accept_by) == (FIRST.id, date(2007, 12, 25))


def test_the_delay_ends_on_the_eve_of_the_first_session() -> None:
    called = withdraw(KNOWN, GOING, today=date(2008, 1, 13))[1]

    assert isinstance(called, CandidaturePromoted)
    assert called.accept_by == date(2008, 1, 13)


def test_nobody_is_called_once_the_first_session_has_begun() -> None:
    assert len(withdraw(KNOWN, GOING, today=FIRST_DAY)) == 1


def test_somebody_who_has_no_place_leaves_none() -> None:
    assert len(withdraw(KNOWN, FIRST, today=TODAY)) == 1
    assert len(withdraw(standing(candidature(1), FIRST), candidature(1), today=TODAY)) == 1


def test_a_quota_that_is_full_without_him_calls_nobody() -> None:
    full = [candidature(number, Status.RETAINED) for number in range(10, 14)]

    assert len(withdraw(standing(*full, FIRST), full[0], today=TODAY)) == 1


def test_a_draft_leaves_without_a_word_and_somebody_present_does_not_leave() -> None:
    drafted, present = candidature(1, Status.DRAFT), candidature(1, Status.PRESENT)

    assert withdraw(standing(drafted), drafted, today=TODAY) == []
    with pytest.raises(WrongState):
        withdraw(standing(present), present, today=TODAY)


def test_a_place_is_accepted_until_its_date() -> None:
    known = standing(CALLED)

    [event] = accept_promotion(known, CALLED, today=date(2007, 12, 20))
    assert (type(event), event.subject) == (CandidatureRetained, CALLED.id)
    with pytest.raises(PromotionExpired):
        accept_promotion(known, CALLED, today=date(2007, 12, 21))


def test_a_place_is_accepted_in_groups_that_have_one() -> None:
    small = programme(CALLED.offer, [])
    without = candidature(5, Status.PROMOTED, accept_by=date(2007, 12, 20), groups={})
    assert accept_promotion(standing(without, modules=small), without, today=TODAY)

    with pytest.raises(GroupMissing):
        accept_promotion(standing(without), without, today=TODAY)
    others = [candidature(number, Status.RETAINED) for number in range(10, 50)]
    assert standing(*others, CALLED).taken(but=CALLED.id)[FIRST_1] == 40
    with pytest.raises(GroupFull):
        accept_promotion(standing(*others, CALLED), CALLED, today=TODAY)


def test_a_place_refused_or_not_accepted_goes_to_the_next() -> None:
    known = standing(CALLED, SECOND, FIRST)

    refused = refuse_promotion(known, CALLED, today=TODAY)
    expired = expire_promotion(known, CALLED, today=date(2007, 12, 21))

    assert [(type(each), each.subject) for each in refused] == [
        (CandidatureWithdrawn, CALLED.id), (CandidaturePromoted, FIRST.id),
    ]  # fmt: skip
    assert [(type(each), each.subject) for each in expired] == [
        (CandidatureNotRetained, CALLED.id), (CandidaturePromoted, FIRST.id),
    ]  # fmt: skip


def test_only_somebody_who_was_called_accepts_or_refuses() -> None:
    for act in (accept_promotion, refuse_promotion, expire_promotion):
        with pytest.raises(WrongState):
            act(KNOWN, FIRST, today=TODAY)
