"""When, where and by whom a practice-exchange meeting may be convened: between the modules, by trained people."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from common.contracts.training import HalfDay
from common.identifiers import CodeAcademie, CodeBassin, CommuneInsee
from hr_networks.meetings.domain import (
    AnimateurNotTrained,
    ChangeWish,
    Convener,
    Frame,
    HalfDayTaken,
    Meeting,
    MeetingInThePast,
    MeetingIsCancelled,
    MeetingIsHeld,
    MeetingTooFar,
    MeetingUnchanged,
    MeetingWish,
    NoNetwork,
    NotBetweenModules,
    NotConvener,
    NotOneDay,
    Offer,
    OfferNotHeardOf,
    Status,
    cancel,
    half_days,
    move,
    plan,
    refuse_stranger,
)

PARIS = "Europe/Paris"
MEETING, OFFER, NETWORK, ANNA, BRUNO = (UUID(int=number) for number in range(1, 6))
NOW = datetime(2008, 1, 21, 9, tzinfo=UTC)
MORNING, AFTERNOON = HalfDay(date(2008, 2, 5), "am"), HalfDay(date(2008, 2, 5), "pm")
# « 14-15 janvier 2008 (groupe 1) ou 17-18 janvier 2008 (groupe 2) », « les 7 et 8 avril 2008 »
BETWEEN = Offer(id=OFFER, function="secrétariat", first_ends_on=date(2008, 1, 18), second_begins_on=date(2008, 4, 7))


def local(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    """In winter, as Paris has it."""
    return datetime(2008, month, day, hour - 1, minute, tzinfo=UTC)


def wish(**changes: Any) -> MeetingWish:
    said = {
        "offer": OFFER, "bassin": CodeBassin("09101"), "starts_at": local(2, 5, 9), "ends_at": local(2, 5, 12),
        "place": "Lycée Faidherbe", "commune": CommuneInsee("59350"), "animateurs": (ANNA,),
    }  # fmt: skip
    return MeetingWish(**{**said, **changes})


def frame(**changes: Any) -> Frame:
    said = {"offer": BETWEEN, "network": NETWORK, "trained": frozenset({ANNA}), "taken": frozenset()}
    return Frame(**{**said, **changes})


def meeting(**changes: Any) -> Meeting:
    said = {
        "id": MEETING, "academie": CodeAcademie("09"), "offer": OFFER, "function": "secrétariat",
        "bassin": CodeBassin("09101"), "starts_at": local(2, 5, 9), "ends_at": local(2, 5, 12),
        "place": "Lycée Faidherbe", "commune": CommuneInsee("59350"), "animateurs": (ANNA,),
        "status": Status.PLANNED, "revision": 1,
    }  # fmt: skip
    return Meeting(**{**said, **changes})


def planned(at: datetime = NOW, around: Frame | None = None, **changes: Any) -> Any:
    return plan(MEETING, wish(**changes), around or frame(), zone=PARIS, at=at)


def on(month: int, day: int) -> Any:
    return {"starts_at": local(month, day, 9), "ends_at": local(month, day, 12)}


def test_a_meeting_says_where_when_and_by_whom() -> None:
    fact = planned()

    assert (fact.subject, fact.offer, fact.bassin, fact.function) == (MEETING, OFFER, "09101", "secrétariat")
    assert (fact.half_days, fact.place, fact.commune, fact.animateurs) == (
        (MORNING,), "Lycée Faidherbe", "59350", (ANNA,),
    )  # fmt: skip


@pytest.mark.item(131)
def test_a_meeting_lies_between_the_modules_by_the_local_day() -> None:
    early = datetime(2008, 1, 10, tzinfo=UTC)

    assert planned(early, **on(1, 19)).half_days[0].day == date(2008, 1, 19)
    assert planned(early, **on(4, 6)).half_days[0].day == date(2008, 4, 6)
    for day in ((1, 18), (4, 7)):
        with pytest.raises(NotBetweenModules):
            planned(early, **on(*day))


def test_an_offer_of_one_module_has_no_end_and_one_of_none_no_meeting() -> None:
    one = Offer(id=OFFER, function="x", first_ends_on=date(2008, 1, 18), second_begins_on=None)
    none = Offer(id=OFFER, function="x", first_ends_on=None, second_begins_on=None)

    assert planned(around=frame(offer=one), **on(6, 5))
    with pytest.raises(NotBetweenModules):
        planned(around=frame(offer=none))


@pytest.mark.item(121)
def test_a_meeting_is_animated_by_people_who_were_trained() -> None:
    assert planned(animateurs=(ANNA, ANNA)).animateurs == (ANNA,)
    for named in ((ANNA, BRUNO), ()):
        with pytest.raises(AnimateurNotTrained):
            planned(animateurs=named)


@pytest.mark.item(121)
def test_a_stranger_does_not_convene() -> None:
    refuse_stranger(Convener(mandated=True, person=None), frozenset())
    refuse_stranger(Convener(mandated=False, person=ANNA), frozenset({ANNA}))
    for stranger in (BRUNO, None):
        with pytest.raises(NotConvener):
            refuse_stranger(Convener(mandated=False, person=stranger), frozenset({ANNA}))


def test_a_meeting_needs_a_published_offer_and_an_active_network() -> None:
    with pytest.raises(OfferNotHeardOf):
        planned(around=frame(offer=None))
    with pytest.raises(NoNetwork):
        planned(around=frame(network=None))


def test_a_meeting_is_to_come_and_not_in_a_far_future() -> None:
    with pytest.raises(MeetingInThePast):
        planned(local(2, 5, 9))
    assert planned(local(2, 5, 9) - timedelta(seconds=1))
    with pytest.raises(MeetingTooFar):
        planned(starts_at=datetime.max.replace(tzinfo=UTC), ends_at=datetime.max.replace(tzinfo=UTC))
    with pytest.raises(MeetingInThePast):
        planned(starts_at=datetime.min.replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (local(2, 5, 9), local(2, 5, 9)),
        (local(2, 5, 9), local(2, 5, 8)),
        (local(2, 5, 9), local(2, 6, 10)),
        (local(2, 5, 20), local(2, 6, 1)),  # midnight is between
    ],
)
def test_a_meeting_begins_and_ends_on_one_local_day(start: datetime, end: datetime) -> None:
    with pytest.raises(NotOneDay):
        planned(starts_at=start, ends_at=end)


@pytest.mark.parametrize(
    ("start", "end", "halves"),
    [
        ((9, 0), (12, 0), "am"),
        ((9, 0), (13, 0), "am"),
        ((9, 0), (13, 1), "am pm"),
        ((12, 59), (17, 0), "am pm"),
        ((13, 0), (17, 0), "pm"),
        ((14, 0), (16, 0), "pm"),
    ],
)
def test_a_meeting_takes_a_half_day_or_two(start: tuple[int, int], end: tuple[int, int], halves: str) -> None:
    taken = half_days(local(2, 5, *start), local(2, 5, *end), PARIS)

    assert [half_day.half for half_day in taken] == halves.split()


def test_half_days_are_those_of_the_academie() -> None:
    assert half_days(local(2, 5, 9), local(2, 5, 12), "Indian/Reunion") == (MORNING, AFTERNOON)


def test_a_bassin_holds_one_meeting_a_half_day() -> None:
    with pytest.raises(HalfDayTaken):
        planned(around=frame(taken=frozenset({MORNING})))
    assert planned(around=frame(taken=frozenset({AFTERNOON})))


def changed(around: Frame | None = None, was: Meeting | None = None, **changes: Any) -> Any:
    return move(was or meeting(), ChangeWish(**changes), around or frame(), zone=PARIS, at=NOW)


def test_a_change_tells_the_whole_meeting() -> None:
    fact = changed(starts_at=local(2, 5, 14), ends_at=local(2, 5, 16))

    assert (fact.subject, fact.half_days, fact.place, fact.animateurs) == (
        MEETING, (AFTERNOON,), "Lycée Faidherbe", (ANNA,),
    )  # fmt: skip


def test_a_change_is_judged_like_a_new_meeting() -> None:
    with pytest.raises(NotBetweenModules):
        changed(**on(4, 7))
    with pytest.raises(HalfDayTaken):
        changed(frame(taken=frozenset({AFTERNOON})), ends_at=local(2, 5, 15))
    with pytest.raises(AnimateurNotTrained):
        changed(animateurs=(BRUNO,))
    with pytest.raises(AnimateurNotTrained):  # who named her then was right, who leaves her now is not
        changed(frame(trained=frozenset({BRUNO})), place="Collège")


def test_a_change_that_changes_nothing_is_refused() -> None:
    with pytest.raises(MeetingUnchanged):
        changed()
    with pytest.raises(MeetingUnchanged):
        changed(place="Lycée Faidherbe", starts_at=local(2, 5, 9))


def test_a_settled_meeting_is_neither_moved_nor_cancelled() -> None:
    for status, refusal in ((Status.CANCELLED, MeetingIsCancelled), (Status.HELD, MeetingIsHeld)):
        with pytest.raises(refusal):
            changed(was=meeting(status=status), place="Collège")
        with pytest.raises(refusal):
            cancel(meeting(status=status))


def test_a_cancellation_says_which_meeting() -> None:
    fact = cancel(meeting())

    assert (fact.subject, fact.offer, fact.bassin) == (MEETING, OFFER, "09101")
