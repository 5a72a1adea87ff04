"""To which bassin did this UAI belong on that date?"""

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.territory import Membership
from common.identifiers import CodeAcademie, CodeBassin, CodeDepartement, CommuneInsee, Uai
from territory.directory import domain
from territory.directory.domain import (
    Bassin,
    BassinClosed,
    BassinInAnotherDepartement,
    BassinNotEmpty,
    Etablissement,
    EtablissementClosed,
    HistoryIsNewer,
)

LILLE_CENTRE = Bassin(
    code=CodeBassin("09101"), name="LILLE CENTRE", departement=CodeDepartement("59"), academie=CodeAcademie("09")
)
LILLE_OUEST = msgspec.structs.replace(LILLE_CENTRE, code=CodeBassin("09102"), name="LILLE OUEST")
LENS = msgspec.structs.replace(
    LILLE_CENTRE, code=CodeBassin("09111"), name="LENS HENIN LIEVIN", departement=CodeDepartement("62")
)
COLLEGE = Etablissement(
    uai=Uai("0590318A"),
    name="Collège",
    nature="340",
    sector="public",
    commune=CommuneInsee("59350"),
    departement=CodeDepartement("59"),
    academie=CodeAcademie("09"),
)
DAY = date(2026, 9, 1)


def day(n: int) -> date:
    return DAY + timedelta(days=n)


@pytest.mark.item(9)
def test_a_membership_holds_its_first_day_and_not_its_last() -> None:
    history = (Membership(bassin="09101", since=date(2020, 9, 1), until=date(2026, 9, 1)),)

    assert domain.bassin_on(history, date(2020, 8, 31)) is None
    assert domain.bassin_on(history, date(2020, 9, 1)) == "09101"
    assert domain.bassin_on(history, date(2026, 8, 31)) == "09101"
    assert domain.bassin_on(history, date(2026, 9, 1)) is None


@pytest.mark.item(9)
def test_a_school_that_moves_belongs_to_one_bassin_at_a_time() -> None:
    school = domain.attach(COLLEGE, LILLE_CENTRE, since=date(2020, 9, 1))

    moved = domain.attach(school, LILLE_OUEST, since=date(2026, 9, 1))

    assert moved.memberships == (
        Membership(bassin="09101", since=date(2020, 9, 1), until=date(2026, 9, 1)),
        Membership(bassin="09102", since=date(2026, 9, 1)),
    )


@pytest.mark.item(8)
def test_a_bassin_takes_no_school_of_another_departement() -> None:
    with pytest.raises(BassinInAnotherDepartement):
        domain.attach(COLLEGE, LENS, since=DAY)


def test_a_mistake_corrected_the_same_day_leaves_no_trace_in_the_history() -> None:
    school = domain.attach(COLLEGE, LILLE_CENTRE, since=DAY)

    assert domain.attach(school, LILLE_OUEST, since=DAY).memberships == (Membership(bassin="09102", since=DAY),)


def test_history_is_not_rewritten() -> None:
    school = domain.attach(COLLEGE, LILLE_CENTRE, since=DAY)

    with pytest.raises(HistoryIsNewer):
        domain.attach(school, LILLE_OUEST, since=day(-1))
    with pytest.raises(HistoryIsNewer):
        domain.close(school, on=day(-1))


def test_staying_where_one_is_changes_nothing() -> None:
    school = domain.attach(COLLEGE, LILLE_CENTRE, since=DAY)

    assert domain.attach(school, LILLE_CENTRE, since=day(30)) is school


def test_closing_ends_the_membership_on_the_day_of_the_closing() -> None:
    school = domain.attach(COLLEGE, LILLE_CENTRE, since=DAY)

    closed = domain.close(school, on=day(10))

    assert closed.closed_on == day(10)
    assert closed.memberships == (Membership(bassin="09101", since=DAY, until=day(10)),)
    assert closed.open_on(day(9))
    assert not closed.open_on(day(10))


def test_a_closed_school_joins_no_bassin() -> None:
    closed = domain.close(COLLEGE, on=DAY)

    with pytest.raises(EtablissementClosed):
        domain.attach(closed, LILLE_CENTRE, since=DAY)


def test_a_school_that_is_to_close_can_still_move_and_its_membership_ends_with_it() -> None:
    school = domain.close(domain.attach(COLLEGE, LILLE_CENTRE, since=DAY), on=day(100))

    moved = domain.attach(school, LILLE_OUEST, since=day(50))

    assert [(m.bassin, m.until) for m in moved.memberships] == [("09101", day(50)), ("09102", day(100))]


def test_a_closing_may_be_moved_or_called_off_before_its_day() -> None:
    school = domain.close(domain.attach(COLLEGE, LILLE_CENTRE, since=DAY), on=day(100))

    assert domain.close(school, on=day(120)).memberships[-1].until == day(120)
    assert domain.reopen(school, on=day(99)).memberships[-1].until is None


def test_a_school_that_opens_again_is_of_no_bassin_until_one_is_said() -> None:
    school = domain.close(domain.attach(COLLEGE, LILLE_CENTRE, since=DAY), on=day(10))

    again = domain.reopen(school, on=day(20))

    assert again.closed_on is None
    assert domain.bassin_on(again.memberships, day(20)) is None
    assert domain.bassin_on(domain.attach(again, LILLE_CENTRE, since=day(20)).memberships, day(20)) == "09101"


def test_a_closed_bassin_takes_no_school() -> None:
    closed = domain.close_bassin(LILLE_CENTRE, on=DAY, members=[])

    with pytest.raises(BassinClosed):
        domain.attach(COLLEGE, closed, since=DAY)


def test_a_bassin_that_has_schools_is_not_closed() -> None:
    with pytest.raises(BassinNotEmpty):
        domain.close_bassin(LILLE_CENTRE, on=DAY, members=[COLLEGE.uai])


@pytest.mark.item(17)
@pytest.mark.parametrize(
    ("nature", "level"),
    [("101", "premier-degre"), ("151", "premier-degre"), ("340", "second-degre"), ("320", "second-degre"), ("400", "")],
)
def test_the_level_follows_from_the_nature(nature: str, level: str) -> None:
    assert domain.school_state(msgspec.structs.replace(COLLEGE, nature=nature)).level == level


def test_the_published_state_carries_the_dated_history() -> None:
    school = domain.attach(domain.attach(COLLEGE, LILLE_CENTRE, since=DAY), LILLE_OUEST, since=day(1))

    state = domain.school_state(school)

    assert [m.bassin for m in state.memberships] == ["09101", "09102"]
    assert (state.uai, state.departement, state.academie) == ("0590318A", "59", "09")


@pytest.mark.item(9)
@given(
    st.lists(
        st.tuples(st.sampled_from(["centre", "ouest", "close", "reopen"]), st.integers(0, 400)), min_size=1, max_size=12
    )
)
def test_whatever_happens_no_two_memberships_overlap_and_none_outlives_the_school(steps: list[tuple[str, int]]) -> None:
    school = COLLEGE
    for what, n in steps:
        try:
            if what == "close":
                school = domain.close(school, on=day(n))
            elif what == "reopen":
                school = domain.reopen(school, on=day(n))
            else:
                bassin = LILLE_CENTRE if what == "centre" else LILLE_OUEST
                school = domain.attach(school, bassin, since=day(n))
        except (HistoryIsNewer, EtablissementClosed):
            continue

    for earlier, later in zip(school.memberships, school.memberships[1:], strict=False):
        assert earlier.until is not None
        assert earlier.since < earlier.until <= later.since
    if school.closed_on is not None:
        assert all(m.until is not None and m.until <= school.closed_on for m in school.memberships)
