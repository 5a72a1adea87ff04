"""« La DIFOR délivrera un ordre de mission aux animateurs »: each one, once, and again when the meeting is another."""

from datetime import UTC, datetime

import pytest
from tests.unit.training.gathered import BEFORE, STARTS, animateur, counter, ids, meeting, paper, recipient, sheet

from common.contracts.training import OrdreDeMissionCancelled, OrdreDeMissionIssued
from training.meetings.domain import MeetingOver, Status
from training.missions.documents import drafts
from training.missions.domain import AnimateurNotReady, follow_cancellation, follow_move, issue
from training.papers.domain import Kind

OM = Kind.ORDRE_DE_MISSION
LATER = meeting(starts_at=datetime(2008, 2, 12, 13, tzinfo=UTC), ends_at=datetime(2008, 2, 12, 16, tzinfo=UTC))
ANNA, BRUNO = animateur(1), animateur(2)


def test_all_animateurs_are_sent_with_numbers_that_follow_each_other() -> None:
    sent = issue(sheet(OM, animateurs=(ANNA, BRUNO), counter=counter(OM, last=4)), ids(), at=BEFORE)

    assert [each.number for each in sent] == ["09-OM-2008-000005", "09-OM-2008-000006"]
    assert [each.person for each in sent] == [ANNA.recipient.person, BRUNO.recipient.person]
    assert (sent[0].candidature, sent[0].avis) == (ANNA.candidature, ANNA.avis)


def test_whoever_has_one_in_force_has_no_second_one() -> None:
    assert issue(sheet(OM, paper(1), animateurs=(ANNA,)), ids(), at=BEFORE) == []
    assert len(issue(sheet(OM, paper(1, in_force=False), animateurs=(ANNA,)), ids(), at=BEFORE)) == 1


@pytest.mark.parametrize("unknown", [animateur(2, candidature=None), animateur(2, recipient=recipient(2, name=""))])
def test_nobody_is_sent_while_one_of_them_is_unknown(unknown: object) -> None:
    with pytest.raises(AnimateurNotReady, match=str(BRUNO.recipient.person)):
        issue(sheet(OM, animateurs=(ANNA, unknown)), ids(), at=BEFORE)


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.HELD])
def test_nobody_is_sent_to_a_meeting_that_is_over(status: Status) -> None:
    with pytest.raises(MeetingOver):
        issue(sheet(OM, animateurs=(ANNA,), meeting=meeting(status=status)), ids(), at=BEFORE)


def test_nobody_is_sent_to_a_meeting_that_has_begun() -> None:
    with pytest.raises(MeetingOver):
        issue(sheet(OM, animateurs=(ANNA,)), ids(), at=STARTS)


def test_a_moved_meeting_replaces_the_paper_of_who_still_animates_and_ends_the_other() -> None:
    moved = sheet(OM, paper(1), paper(2), meeting=LATER, animateurs=(ANNA,))

    ended, anew, without = follow_move(moved, ids())

    assert isinstance(ended, OrdreDeMissionCancelled)
    assert isinstance(anew, OrdreDeMissionIssued)
    assert isinstance(without, OrdreDeMissionCancelled)
    assert (ended.person, anew.person, without.person) == (
        ANNA.recipient.person, ANNA.recipient.person, BRUNO.recipient.person,
    )  # fmt: skip
    assert (anew.starts_at, anew.number) == (LATER.starts_at, "09-OM-2008-000002")  # the cancellation is the first


def test_a_paper_that_says_what_the_meeting_is_stays() -> None:
    assert follow_move(sheet(OM, paper(1), animateurs=(ANNA,)), ids()) == []


def test_somebody_whose_name_is_erased_is_sent_no_more() -> None:
    nobody = animateur(1, recipient=recipient(1, name=""))

    (ended,) = follow_move(sheet(OM, paper(1), meeting=LATER, animateurs=(nobody,)), ids())

    assert isinstance(ended, OrdreDeMissionCancelled)


def test_a_cancelled_meeting_ends_each_paper_by_one_of_its_own() -> None:
    told = follow_cancellation(meeting(), [paper(1), paper(2)], ids())

    assert [each.subject for each in told] == [paper(1).id, paper(2).id]
    assert len({each.cancelling for each in told}) == 2
    assert {each.meeting for each in told} == {meeting().id}


def test_who_has_a_new_paper_is_told_by_that_one_alone() -> None:
    moved = sheet(OM, paper(1), paper(2), meeting=LATER, animateurs=(ANNA,))

    replaced, anew, ended = drafts(moved, follow_move(moved, ids()), reason="Déplacée.")

    assert (replaced.silent, anew.silent, ended.silent) == (True, False, False)
    assert (replaced.cancels, anew.cancels, ended.cancels) == (paper(1).id, None, paper(2).id)
    assert anew.sequence == 1
