"""The mark of a subject: each record applies once and in order, waits, is dropped, or is put aside."""

from uuid import uuid4

import msgspec
from tests.unit.common.heard import event_id, facts, record, states

from common.marks import HeldState, Verdict

WAITING, PARKED, DISCARDED = HeldState.WAITING, HeldState.PARKED, HeldState.DISCARDED


def test_the_first_version_of_an_unknown_subject_applies() -> None:
    assert facts().judge(record(1)) is Verdict.APPLY


def test_the_version_after_the_mark_applies() -> None:
    assert facts(4).judge(record(5)) is Verdict.APPLY


def test_a_version_up_to_the_mark_is_a_duplicate() -> None:
    assert [facts(4).judge(record(v)) for v in (1, 3, 4)] == [Verdict.DUPLICATE] * 3


def test_another_event_under_the_last_version_is_a_fork() -> None:
    assert facts(4).judge(record(4, identifier=uuid4())) is Verdict.FORK


def test_a_fork_names_the_event_that_came_first() -> None:
    subject, late = facts(4), record(4, identifier=uuid4())

    assert subject.fork(late).first == event_id(4)


def test_after_a_gap_was_given_up_the_last_version_has_no_event_to_fork_from() -> None:
    subject = facts(1, v4=WAITING)
    subject.give_up_missing()

    assert subject.judge(record(3)) is Verdict.DUPLICATE


def test_a_version_beyond_the_next_waits() -> None:
    assert facts(4).judge(record(6)) is Verdict.WAIT


def test_what_waits_is_due_once_the_missing_one_is_applied() -> None:
    subject = facts(4)
    later, missing = record(6), record(5)
    subject.hold(later, WAITING)

    subject.applied(missing)

    assert subject.due() is later


def test_what_waits_behind_a_missing_version_is_not_due() -> None:
    assert facts(4, v6=WAITING).due() is None


def test_a_second_delivery_of_what_waits_is_a_duplicate() -> None:
    assert facts(4, v6=WAITING).judge(record(6)) is Verdict.DUPLICATE


def test_another_event_under_the_version_of_what_waits_is_a_fork_of_it() -> None:
    subject, late = facts(4, v6=WAITING), record(6, identifier=uuid4())

    assert subject.judge(late) is Verdict.FORK
    assert subject.fork(late).first == event_id(6)


def test_a_record_with_a_fault_is_parked_whatever_its_turn() -> None:
    assert [facts(4).judge(record(v, fault="no JSON")) for v in (5, 9)] == [Verdict.PARK] * 2


def test_a_record_with_a_fault_that_was_applied_before_is_a_duplicate() -> None:
    assert facts(4).judge(record(4, fault="no JSON")) is Verdict.DUPLICATE


def test_what_follows_a_parked_record_waits() -> None:
    assert facts(4, v5=PARKED).judge(record(6)) is Verdict.WAIT


def test_a_parked_record_is_not_due() -> None:
    assert facts(4, v5=PARKED, v6=WAITING).due() is None


def test_a_parked_record_that_is_replayed_applies_in_its_turn() -> None:
    subject = facts(4, v5=PARKED, v6=WAITING)
    parked = subject.held[5].record

    assert subject.judge(parked) is Verdict.APPLY
    subject.applied(parked)

    assert subject.due() == subject.held[6].record
    assert subject.dropped == [5]


def test_a_discarded_record_is_passed_over_when_its_turn_has_come() -> None:
    subject = facts(4, v5=DISCARDED, v6=WAITING)

    turn = subject.due()

    assert (turn, subject.version, subject.passed) == (subject.held[6].record, 5, [5])


def test_a_discarded_record_waits_for_its_turn() -> None:
    subject = facts(4, v6=DISCARDED)

    assert (subject.due(), subject.version, subject.passed) == (None, 4, [])


def test_a_discarded_record_that_is_delivered_again_stays_discarded() -> None:
    subject = facts(4, v6=DISCARDED)

    again = msgspec.structs.replace(subject.held[6].record, fault="no JSON")

    assert subject.judge(again) is Verdict.DUPLICATE
    assert subject.judge(record(6)) is Verdict.DUPLICATE


def test_a_record_discarded_in_its_turn_leaves_nothing_to_write_but_that() -> None:
    subject = facts(4, v5=PARKED)
    subject.hold(subject.held[5].record, DISCARDED, "typing error")

    assert subject.due() is None
    assert (subject.version, subject.changed, subject.passed) == (5, set(), [5])


def test_giving_up_a_gap_never_jumps_over_what_is_held() -> None:
    subject = facts(4, v7=PARKED, v9=WAITING)

    assert (subject.give_up_missing(), subject.version, subject.due()) == (2, 6, None)


def test_there_is_no_gap_to_give_up_before_the_next_version() -> None:
    assert facts(4, v5=PARKED).give_up_missing() == 0
    assert facts(4).give_up_missing() == 0


def test_any_higher_state_applies_and_nothing_waits() -> None:
    assert [states(4).judge(record(v)) for v in (5, 9)] == [Verdict.APPLY] * 2


def test_an_older_state_is_dropped_even_under_another_event() -> None:
    assert [states(4).judge(record(v, identifier=uuid4())) for v in (3, 4)] == [Verdict.DUPLICATE] * 2


def test_a_newer_state_supersedes_a_parked_one() -> None:
    subject = states(4, v5=PARKED)

    subject.applied(record(6))

    assert (subject.held, subject.dropped) == ({}, [5])


def test_a_parked_state_newer_than_the_applied_one_stays_parked() -> None:
    subject = states(4, v6=PARKED)

    subject.applied(record(5))

    assert set(subject.held) == {6}


def test_a_discarded_state_is_given_up_at_once_without_moving_the_mark() -> None:
    subject = states(4, v9=DISCARDED)

    assert (subject.due(), subject.version, subject.passed, subject.held) == (None, 4, [9], {})
