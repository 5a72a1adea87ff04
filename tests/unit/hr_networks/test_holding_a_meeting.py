"""Who came, half-day by half-day: everyone who was called, once, and at least one who may animate."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from common.contracts.hr_networks import Presence
from common.contracts.training import HalfDay
from common.identifiers import CodeAcademie, CodeBassin, CommuneInsee
from hr_networks.attendance.domain import (
    AttendanceIncoherent,
    AttendanceUnchanged,
    AttendanceWish,
    CorrectionReasonRequired,
    Half,
    MeetingNotBegun,
    NoAnimateurPresent,
    PresenceWish,
    Roll,
    hold,
)
from hr_networks.attendance.views import Said, answer
from hr_networks.coverage.domain import Coverage, covered
from hr_networks.meetings.domain import Meeting, MeetingIsCancelled, Status

MEETING, OFFER, ANNA, BRUNO, CHLOE, DAVID = (UUID(int=number) for number in range(1, 7))
DAY = date(2008, 2, 5)
START, LATER = datetime(2008, 2, 5, 8, tzinfo=UTC), datetime(2008, 2, 6, 8, tzinfo=UTC)


def meeting(status: Status = Status.PLANNED) -> Meeting:
    return Meeting(
        id=MEETING, academie=CodeAcademie("09"), offer=OFFER, function="secrétariat", bassin=CodeBassin("09101"),
        starts_at=START, ends_at=datetime(2008, 2, 5, 11, tzinfo=UTC), place="Lycée", commune=CommuneInsee("59350"),
        animateurs=(ANNA,), status=status, revision=1,
    )  # fmt: skip


def roll(*halves: str, recorded: frozenset[Presence] = frozenset()) -> Roll:
    """Bruno is convened, Chloé may stand in."""
    return Roll(
        half_days=tuple(HalfDay(DAY, half) for half in halves or ("am",)),
        convened=frozenset({BRUNO}),
        trained=frozenset({ANNA, CHLOE}),
        recorded=recorded,
    )


def came(person: UUID, half: Half = Half.AM, *, present: bool = True, justified: bool = False) -> PresenceWish:
    return PresenceWish(person=person, half=half, present=present, justified=justified)


BOTH = (came(ANNA), came(BRUNO))


def held(*presences: PresenceWish, at: datetime = LATER, called: Roll | None = None, **more: Any) -> Any:
    status = more.pop("status", Status.PLANNED)
    return hold(meeting(status), AttendanceWish(presences=presences, **more), called or roll(), at=at)


def errors(*presences: PresenceWish, **more: Any) -> list[str]:
    with pytest.raises(AttendanceIncoherent) as refused:
        held(*presences, **more)
    return [error.code for error in refused.value.errors]


def test_a_meeting_held_says_who_came() -> None:
    fact = held(came(ANNA), came(BRUNO, present=False, justified=True))

    assert (fact.subject, fact.offer, fact.bassin, fact.animateurs) == (MEETING, OFFER, "09101", (ANNA,))
    assert fact.presences == (
        Presence(person=ANNA, day=DAY, half="am", present=True),
        Presence(person=BRUNO, day=DAY, half="am", present=False, justified=True),
    )


def test_a_meeting_is_held_once_it_has_begun() -> None:
    assert held(*BOTH, at=START)
    with pytest.raises(MeetingNotBegun):
        held(*BOTH, at=datetime(2008, 2, 5, 7, 59, tzinfo=UTC))


def test_a_cancelled_meeting_was_not_held() -> None:
    with pytest.raises(MeetingIsCancelled):
        held(*BOTH, status=Status.CANCELLED)


def test_everyone_called_figures_at_each_half_day() -> None:
    both = roll("am", "pm")

    assert errors(came(ANNA)) == ["presence-missing"]
    assert errors(came(BRUNO)) == ["presence-missing"]
    assert errors(*BOTH, came(BRUNO, Half.PM), called=both) == ["presence-missing"]
    assert held(*BOTH, came(ANNA, Half.PM), came(BRUNO, Half.PM), called=both)


def test_nobody_else_figures_and_nobody_twice() -> None:
    assert errors(*BOTH, came(DAVID)) == ["not-convened"]
    assert errors(*BOTH, came(ANNA)) == ["duplicate-presence"]
    assert errors(*BOTH, came(ANNA, Half.PM)) == ["not-of-the-meeting"]
    assert held(*BOTH, came(CHLOE))


def test_only_an_absence_is_justified() -> None:
    assert errors(came(ANNA, justified=True), came(BRUNO)) == ["justified"]


def test_somebody_trained_must_have_been_there() -> None:
    with pytest.raises(NoAnimateurPresent):
        held(came(ANNA, present=False), came(BRUNO))
    assert held(came(ANNA, present=False), came(BRUNO), came(CHLOE))


RECORDED = frozenset(
    {Presence(person=ANNA, day=DAY, half="am", present=True), Presence(person=DAVID, day=DAY, half="am", present=False)}
)


def test_a_correction_has_a_reason_and_changes_something() -> None:
    again = roll(recorded=RECORDED)
    same = (came(ANNA), came(DAVID, present=False))

    with pytest.raises(CorrectionReasonRequired):
        held(came(ANNA), came(DAVID), called=again, status=Status.HELD)
    with pytest.raises(AttendanceUnchanged):
        held(*same, called=again, status=Status.HELD, reason="Relu.")
    assert held(came(ANNA), came(DAVID), called=again, status=Status.HELD, reason="Il est venu.")


def test_a_correction_speaks_of_those_who_were_called_then() -> None:
    again = roll(recorded=RECORDED)  # Bruno came to the bassin since, David left it

    assert held(came(ANNA), came(DAVID), called=again, status=Status.HELD, reason="Il est venu.")
    assert errors(came(ANNA), called=again, status=Status.HELD, reason="Il est venu.") == ["presence-missing"]


def test_silence_is_neither_yes_nor_no_and_one_school_that_lets_go_is_enough() -> None:
    assert answer(["not-answered"]) is Said.NOT_ANSWERED
    assert answer(["refused", "not-answered"]) is Said.REFUSED
    assert answer(["refused", "granted"]) is Said.GRANTED


@pytest.mark.item(131)
@pytest.mark.parametrize(
    ("planned", "was_held", "cancelled", "missing"),
    [(0, 0, 0, True), (0, 0, 2, True), (1, 0, 0, False), (0, 1, 0, False)],
)
def test_a_bassin_without_a_meeting_planned_or_held_is_missing(
    planned: int, was_held: int, cancelled: int, missing: bool
) -> None:
    bassin = Coverage(
        bassin=CodeBassin("09101"), name="LILLE CENTRE", network=True, animateurs=2, planned=planned, held=was_held,
        cancelled=cancelled,
    )  # fmt: skip

    assert covered(bassin).missing is missing
