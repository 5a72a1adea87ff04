"""An avis is given once, in time, by the head of the school; silence is neither yes nor no."""

from datetime import date
from uuid import UUID

import msgspec
import pytest
from tests.unit.training.made import candidature, supported

from training.avis.domain import (
    Asked,
    AvisAlreadyGiven,
    AvisDeadlinePassed,
    AvisOfAnotherSchool,
    AvisWish,
    LapseAlreadyDecided,
    Rated,
    Rating,
    ReasonsRequired,
    Value,
    decide_lapse,
    give,
    lapse,
    legal_note,
    refusals_before,
    refusals_in_a_row,
    reminder_due,
)
from training.candidatures.domain import Candidature, Status, WrongState

DEADLINE = date(2007, 12, 14)
AVIS = UUID(int=9)
RATED = Rated(rating=Rating.SATISFACTORY, comment="Rien à signaler.")
LAPSED = candidature(1, Status.AVIS_LAPSED)


def asked(about: Candidature | None = None) -> Asked:
    return Asked(candidature=about or candidature(1), deadline=DEADLINE, refusals=0)


def wish(value: Value = Value.FAVORABLE, reasons: str | None = None) -> AvisWish:
    return AvisWish(value=value, competences=RATED, animation=RATED, service=RATED, reasons=reasons)


@pytest.mark.item(126)
def test_the_head_of_the_school_gives_it_until_the_last_day() -> None:
    event = give(asked(), wish(), AVIS, heads=True, today=DEADLINE)

    assert (event.subject, event.avis, event.value) == (candidature(1).id, AVIS, "favorable")
    with pytest.raises(AvisDeadlinePassed):
        give(asked(), wish(), AVIS, heads=True, today=date(2007, 12, 15))
    with pytest.raises(AvisDeadlinePassed):
        give(asked(LAPSED), wish(), AVIS, heads=True, today=DEADLINE)
    with pytest.raises(AvisOfAnotherSchool):
        give(asked(), wish(), AVIS, heads=False, today=DEADLINE)


def test_it_is_given_once_on_a_candidature_that_waits_for_it() -> None:
    with pytest.raises(AvisAlreadyGiven):
        give(asked(supported(1)), wish(), AVIS, heads=True, today=DEADLINE)
    with pytest.raises(WrongState):
        give(asked(candidature(1, Status.WITHDRAWN)), wish(), AVIS, heads=True, today=DEADLINE)


@pytest.mark.parametrize("value", [Value.RESERVE, Value.DEFAVORABLE])
def test_it_has_reasons_unless_favourable(value: Value) -> None:
    with pytest.raises(ReasonsRequired):
        give(asked(), wish(value), AVIS, heads=True, today=DEADLINE)
    assert give(asked(), wish(value, "Le service est en tension."), AVIS, heads=True, today=DEADLINE).value == value


def test_a_second_refusal_in_a_row_has_its_legal_note() -> None:
    once = refusals_in_a_row(0, Value.DEFAVORABLE)
    twice = refusals_in_a_row(once, Value.DEFAVORABLE)

    assert (once, twice, refusals_in_a_row(twice, Value.RESERVE)) == (1, 2, 0)
    assert legal_note(once) is None
    assert "2007-1470" in (legal_note(twice) or "")


def test_the_last_avis_on_another_candidature_of_the_person_says_how_many_refusals_came_before() -> None:
    refused, favourable = (
        msgspec.structs.replace(candidature(number), avis=UUID(int=number), refusals=refusals)
        for number, refusals in ((2, 1), (3, 0))
    )

    assert refusals_before(candidature(1), []) == 0
    assert refusals_before(candidature(1), [candidature(1), refused, candidature(4)]) == 1
    assert refusals_before(candidature(1), [favourable, refused]) == 0
    assert refusals_before(refused, [refused]) == 0


def test_silence_lapses_after_the_deadline() -> None:
    assert lapse(candidature(1), DEADLINE, today=DEADLINE) is None
    event = lapse(candidature(1), DEADLINE, today=date(2007, 12, 15))
    assert event is not None
    assert event.subject == candidature(1).id
    assert lapse(supported(1), DEADLINE, today=date(2007, 12, 15)) is None


def test_the_office_decides_a_lapse_once() -> None:
    assert decide_lapse(LAPSED, go_on=True) is None
    ended = decide_lapse(LAPSED, go_on=False)
    assert ended is not None
    assert ended.subject == LAPSED.id
    with pytest.raises(LapseAlreadyDecided):
        decide_lapse(candidature(1, Status.AVIS_LAPSED, goes_on=True), go_on=False)
    with pytest.raises(WrongState):
        decide_lapse(candidature(1), go_on=True)


@pytest.mark.parametrize(
    ("today", "sent", "due"),
    [
        (date(2007, 12, 6), (), None),
        (date(2007, 12, 7), (), 7),
        (date(2007, 12, 8), (7,), None),
        (date(2007, 12, 12), (7,), 2),
        (date(2007, 12, 13), (7, 2), None),
        (date(2007, 12, 12), (), 2),  # a step missed is not sent beside the next
        (date(2007, 12, 15), (7,), None),
    ],
)
def test_two_reminders_each_once(today: date, sent: tuple[int, ...], due: int | None) -> None:
    assert reminder_due(date(2007, 11, 21), DEADLINE, sent, today=today) == due


def test_somebody_just_asked_is_not_reminded_of_a_step_already_past() -> None:
    assert reminder_due(date(2007, 12, 7), DEADLINE, (), today=date(2007, 12, 8)) is None
