"""Émargement: half-day by half-day, justified or not, corrected with a reason; what it amounts to is told once."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from tests.unit.training.made import MODULES, OFFER, candidature

from common.contracts.training import ModuleFollowed, ModuleMissed
from common.identifiers import CodeAcademie
from training.attendance.domain import (
    NobodyConvened,
    Outcome,
    PresenceWish,
    RecognitionRestsOnIt,
    Roll,
    RollIncoherent,
    RollReasonRequired,
    RollUnchanged,
    RollWish,
    SessionNotBegun,
    note,
    outcome,
    passing,
)
from training.candidatures.domain import Status
from training.sessions.domain import Half, HalfDay

FIRST, SECOND = date(2008, 1, 14), date(2008, 1, 15)
HALF_DAYS = tuple(HalfDay(day, half) for day in (FIRST, SECOND) for half in Half)
ANNA, BRUNO = candidature(1, Status.CONVENED), candidature(2, Status.CONVENED)
CAME, EXCUSED, AWAY = Outcome(True, False), Outcome(False, True), Outcome(False, False)


def presences(*absent: tuple[UUID, HalfDay, bool], of: Iterable[UUID] = (ANNA.id, BRUNO.id)) -> list[PresenceWish]:
    """All came but those named, on those half-days, justified or not."""
    away = {(who, half_day): justified for who, half_day, justified in absent}
    return [
        PresenceWish(candidature=who, day=half_day.day, half=half_day.half, present=(who, half_day) not in away,
                     justified=away.get((who, half_day), False))
        for who in of for half_day in HALF_DAYS
    ]  # fmt: skip


def wish(*absent: tuple[UUID, HalfDay, bool], reason: str | None = None) -> RollWish:
    return RollWish(presences=tuple(presences(*absent)), reason=reason)


def roll(**changes: Any) -> Roll:
    said = {
        "academie": CodeAcademie("09"), "session": UUID(int=500), "offer": OFFER, "module": MODULES[0].id, "rank": 1,
        "version": 0, "half_days": HALF_DAYS, "convened": (ANNA, BRUNO), "recorded": (), "outcomes": {},
    }  # fmt: skip
    return Roll(**{**said, **changes})


def noted(*absent: tuple[UUID, HalfDay, bool], **changes: Any) -> Roll:
    """As it is once recorded."""
    recorded = tuple(presences(*absent))
    outcomes = {who.id: outcome(who.id, recorded) for who in (ANNA, BRUNO)}
    present, missed = candidature(1, Status.PRESENT), candidature(2, Status.ABSENT if absent else Status.PRESENT)
    return roll(version=1, recorded=recorded, outcomes=outcomes, convened=(present, missed), **changes)


def test_a_module_is_followed_when_no_half_day_is_missing() -> None:
    followed, missed = note(roll(), wish((BRUNO.id, HALF_DAYS[3], False)), today=FIRST)

    assert isinstance(followed, ModuleFollowed)
    assert isinstance(missed, ModuleMissed)
    assert (followed.candidature, missed.candidature, missed.justified) == (ANNA.id, BRUNO.id, False)


def test_an_absence_is_justified_when_all_of_it_is() -> None:
    half, rest = (BRUNO.id, HALF_DAYS[0], True), (BRUNO.id, HALF_DAYS[1], False)

    assert outcome(BRUNO.id, presences(half)) == EXCUSED
    assert outcome(BRUNO.id, presences(half, rest)) == AWAY
    assert outcome(ANNA.id, presences(half)) == CAME


def test_the_state_of_a_candidature_follows_the_roll() -> None:
    facts = note(roll(), wish((BRUNO.id, HALF_DAYS[0], False)), today=FIRST)

    assert passing(roll(), facts) == {ANNA.id: Status.PRESENT, BRUNO.id: Status.ABSENT}


def test_nothing_is_noted_before_the_first_day() -> None:
    with pytest.raises(SessionNotBegun):
        note(roll(), wish(), today=date(2008, 1, 13))


def test_nothing_is_noted_of_a_session_to_which_nobody_is_convened() -> None:
    with pytest.raises(NobodyConvened):
        note(roll(convened=()), wish(), today=FIRST)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (PresenceWish(candidature=UUID(int=1), day=FIRST, half=Half.AM, present=True), "not-convened"),
        (PresenceWish(candidature=ANNA.id, day=date(2008, 1, 16), half=Half.AM, present=True), "not-of-the-session"),
        (PresenceWish(candidature=ANNA.id, day=FIRST, half=Half.AM, present=True), "duplicate-presence"),
    ],
)
def test_a_line_that_does_not_fit_refuses_the_roll(line: PresenceWish, code: str) -> None:
    with pytest.raises(RollIncoherent) as refused:
        note(roll(), RollWish(presences=(*presences(), line)), today=FIRST)

    assert [(each.code, each.pointer.startswith("/presences/8")) for each in refused.value.errors] == [(code, True)]


def test_only_an_absence_is_justified() -> None:
    wrong = [PresenceWish(candidature=ANNA.id, day=FIRST, half=Half.AM, present=True, justified=True), *presences()[1:]]

    with pytest.raises(RollIncoherent) as refused:
        note(roll(), RollWish(presences=tuple(wrong)), today=FIRST)

    assert [each.pointer for each in refused.value.errors] == ["/presences/0/justified"]


def test_everybody_who_is_convened_is_in_the_roll() -> None:
    with pytest.raises(RollIncoherent) as refused:
        note(roll(), RollWish(presences=tuple(presences(of=[ANNA.id]))), today=FIRST)

    assert [each.code for each in refused.value.errors] == ["presence-missing"]
    assert str(BRUNO.id) in refused.value.errors[0].detail


def test_a_correction_has_a_reason() -> None:
    with pytest.raises(RollReasonRequired):
        note(noted(), wish((BRUNO.id, HALF_DAYS[0], False)), today=FIRST)


def test_a_correction_tells_only_of_whom_it_concerns() -> None:
    corrected = noted((BRUNO.id, HALF_DAYS[0], False))

    (told,) = note(corrected, wish(reason="Feuille mal lue."), today=FIRST)

    assert isinstance(told, ModuleFollowed)
    assert told.candidature == BRUNO.id
    assert passing(corrected, [told]) == {BRUNO.id: Status.PRESENT}


def test_another_half_day_of_the_same_absence_is_noted_and_tells_nothing() -> None:
    before = noted((BRUNO.id, HALF_DAYS[0], False))

    assert note(before, wish((BRUNO.id, HALF_DAYS[1], False), reason="Feuille mal lue."), today=FIRST) == []


def test_a_roll_that_changes_nothing_is_refused() -> None:
    with pytest.raises(RollUnchanged):
        note(noted(), wish(reason="Feuille mal lue."), today=FIRST)


def test_the_attendance_that_a_recognition_rests_on_stays() -> None:
    recognised = roll(
        version=1, recorded=tuple(presences()), outcomes={ANNA.id: CAME, BRUNO.id: CAME},
        convened=(candidature(1, Status.RECOGNISED), BRUNO),
    )  # fmt: skip

    with pytest.raises(RecognitionRestsOnIt):
        note(recognised, wish((ANNA.id, HALF_DAYS[0], False), reason="Feuille mal lue."), today=FIRST)
    assert len(note(recognised, wish((BRUNO.id, HALF_DAYS[0], False), reason="Feuille mal lue."), today=FIRST)) == 1
