"""A school answers, corrects, and is held to the deadline of its own académie."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from common.identifiers import CodeAcademie, Uai
from hr_networks.census.domain import (
    AddressedSchool,
    AnswerUnchanged,
    Campaign,
    CensusIsClosed,
    DeadlineInThePast,
    DeadlinePassed,
    DeadlineUnchanged,
    Status,
    answer,
    answer_id,
    close,
    counted_on,
    local_day,
    move_deadline,
)

CENSUS, ANNA, BRUNO = UUID(int=1), UUID(int=2), UUID(int=3)
DEADLINE = date(2007, 11, 20)  # « pour le 20 novembre 2007 »
BEFORE = date(2007, 11, 19)


def campaign(status: Status = Status.OPEN) -> Campaign:
    return Campaign(id=CENSUS, academie=CodeAcademie("09"), deadline=DEADLINE, status=status, revision=1)


def addressed(revision: int = 0, status: Status = Status.OPEN) -> AddressedSchool:
    return AddressedSchool(campaign=campaign(status), uai=Uai("0590318A"), revision=revision)


@pytest.mark.item(141)
def test_a_school_names_its_people() -> None:
    fact = answer(addressed(), [ANNA, BRUNO], unchanged=False, today=BEFORE)

    assert (fact.census, fact.uai, fact.revision) == (CENSUS, "0590318A", 1)
    assert (fact.identified, fact.persons) == (2, (ANNA, BRUNO))
    assert fact.subject == answer_id(CENSUS, Uai("0590318A"))


def test_nobody_is_an_answer_too() -> None:
    fact = answer(addressed(), [], unchanged=True, today=BEFORE)

    assert (fact.revision, fact.identified, fact.persons) == (1, 0, ())


def test_a_correction_is_a_further_revision() -> None:
    assert answer(addressed(revision=2), [ANNA], unchanged=False, today=BEFORE).revision == 3


def test_a_correction_that_changes_nothing_is_refused() -> None:
    with pytest.raises(AnswerUnchanged):
        answer(addressed(revision=2), [ANNA], unchanged=True, today=BEFORE)


@pytest.mark.item(141)
def test_the_last_day_still_counts_and_the_next_does_not() -> None:
    assert answer(addressed(), [ANNA], unchanged=False, today=DEADLINE)
    with pytest.raises(DeadlinePassed):
        answer(addressed(), [ANNA], unchanged=False, today=date(2007, 11, 21))


def test_a_closed_census_takes_no_answer() -> None:
    with pytest.raises(CensusIsClosed):
        answer(addressed(status=Status.CLOSED), [ANNA], unchanged=False, today=BEFORE)


@pytest.mark.parametrize(
    ("at", "zone", "day"),
    [
        (datetime(2007, 11, 20, 22, 59, tzinfo=UTC), "Europe/Paris", date(2007, 11, 20)),
        (datetime(2007, 11, 20, 23, 0, tzinfo=UTC), "Europe/Paris", date(2007, 11, 21)),
        (datetime(2007, 11, 20, 20, 0, tzinfo=UTC), "Indian/Reunion", date(2007, 11, 21)),
        (datetime(2007, 11, 21, 3, 59, tzinfo=UTC), "America/Martinique", date(2007, 11, 20)),
        (datetime(2026, 6, 30, 21, 59, tzinfo=UTC), "Europe/Paris", date(2026, 6, 30)),  # summer time
        (datetime(2026, 6, 30, 22, 0, tzinfo=UTC), "Europe/Paris", date(2026, 7, 1)),
    ],
)
def test_the_day_ends_at_the_midnight_of_the_academie(at: datetime, zone: str, day: date) -> None:
    assert local_day(at, zone) == day


def test_the_deadline_may_be_moved_to_today_or_later() -> None:
    assert move_deadline(campaign(), date(2007, 11, 30), today=BEFORE).deadline == date(2007, 11, 30)
    assert move_deadline(campaign(), BEFORE, today=BEFORE).deadline == BEFORE


def test_the_deadline_is_not_moved_into_the_past_nor_to_itself() -> None:
    with pytest.raises(DeadlineInThePast):
        move_deadline(campaign(), date(2007, 11, 18), today=BEFORE)
    with pytest.raises(DeadlineUnchanged):
        move_deadline(campaign(), DEADLINE, today=BEFORE)


def test_the_deadline_of_a_census_that_is_over_is_not_moved() -> None:
    with pytest.raises(DeadlinePassed):
        move_deadline(campaign(), date(2007, 12, 1), today=date(2007, 11, 21))
    with pytest.raises(CensusIsClosed):
        move_deadline(campaign(Status.CLOSED), date(2007, 12, 1), today=BEFORE)


def test_memberships_count_as_they_are_today_and_after_the_deadline_as_on_its_day() -> None:
    assert counted_on(DEADLINE, today=BEFORE) == BEFORE
    assert counted_on(DEADLINE, today=DEADLINE) == DEADLINE
    assert counted_on(DEADLINE, today=date(2007, 12, 1)) == DEADLINE


def test_closing_tells_the_final_figures_once() -> None:
    fact = close(campaign(), addressed=46, answered=40, identified=71)

    assert (fact.subject, fact.addressed, fact.answered, fact.identified) == (CENSUS, 46, 40, 71)
    with pytest.raises(CensusIsClosed):
        close(campaign(Status.CLOSED), addressed=46, answered=40, identified=71)
