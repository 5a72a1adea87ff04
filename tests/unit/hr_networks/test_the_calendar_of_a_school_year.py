"""The public calendar: a school year, what is to come and what is past."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from common.identifiers import CodeAcademie, CodeBassin
from hr_networks.calendar.domain import Slot, Tense, parted, school_year
from hr_networks.meetings.domain import Status


def slot(number: int, day: int) -> Slot:
    return Slot(
        id=UUID(int=number), academie=CodeAcademie("09"), bassin=CodeBassin("09101"), bassin_name="LILLE CENTRE",
        function="secrétariat", starts_at=datetime(2008, 2, day, 8, tzinfo=UTC),
        ends_at=datetime(2008, 2, day, 11, tzinfo=UTC), place="Lycée", status=Status.PLANNED, sequence=0,
        changed_at=datetime(2008, 1, 21, tzinfo=UTC),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("day", "label"),
    [
        (date(2007, 8, 31), "2006-2007"),
        (date(2007, 9, 1), "2007-2008"),
        (date(2008, 1, 1), "2007-2008"),
        (date(2008, 8, 31), "2007-2008"),
    ],
)
def test_a_school_year_goes_from_september_to_august(day: date, label: str) -> None:
    year = school_year(day)

    assert year.label == label
    assert year.begins_on <= day <= year.ends_on


def test_a_meeting_is_to_come_until_it_has_ended() -> None:
    slots = [slot(3, 7), slot(1, 5), slot(2, 6)]

    during = parted(slots, at=datetime(2008, 2, 5, 10, 59, tzinfo=UTC))
    after = parted(slots, at=datetime(2008, 2, 6, 11, tzinfo=UTC))

    assert [each.id.int for each in during[Tense.COMING]] == [1, 2, 3]
    assert during[Tense.PAST] == []
    assert [each.id.int for each in after[Tense.COMING]] == [3]
    assert [each.id.int for each in after[Tense.PAST]] == [2, 1]
