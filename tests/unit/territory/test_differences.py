"""What a file would change, line by line, before anything is written."""

from datetime import date
from typing import Any

import msgspec
import pytest

from common.contracts.territory import Membership
from common.identifiers import CodeAcademie, CodeBassin, CodeDepartement, CommuneInsee, Siret, Uai
from territory.directory.domain import Bassin, Etablissement
from territory.imports import domain
from territory.imports.domain import Kind, State, Wish

ON = date(2026, 11, 22)
BASSINS = {
    code: Bassin(
        code=CodeBassin(code), name=code, departement=CodeDepartement(departement), academie=CodeAcademie("09")
    )
    for code, departement in (("09101", "59"), ("09102", "59"), ("09111", "62"))
}
COLLEGE = Etablissement(
    uai=Uai("0590318A"),
    name="Collège",
    nature="340",
    sector="public",
    commune=CommuneInsee("59350"),
    departement=CodeDepartement("59"),
    academie=CodeAcademie("09"),
    opened_on=date(1965, 5, 1),
    memberships=(Membership(bassin="09101", since=date(2020, 9, 1)),),
)


def wish(**said: Any) -> Wish:
    """A line that says what is known of the collège, but for what is given."""
    known = Wish(
        uai=COLLEGE.uai,
        academie=COLLEGE.academie,
        departement=COLLEGE.departement,
        commune=COLLEGE.commune,
        name=COLLEGE.name,
        nature=COLLEGE.nature,
        state=State.OPEN,
        bassin=CodeBassin("09101"),
    )
    return msgspec.structs.replace(known, **said)


def kinds(present: Etablissement | None, line: Wish) -> list[Kind]:
    return [entry.kind for entry in domain.compare(present, line, BASSINS, on=ON).entries]


def after(present: Etablissement | None, line: Wish) -> Etablissement:
    school = domain.compare(present, line, BASSINS, on=ON).after
    assert school is not None
    return school


def test_a_school_that_was_not_known_opens() -> None:
    assert kinds(None, wish(opened_on=date(1965, 5, 1))) == [Kind.OPENED]
    assert after(None, wish()).memberships == (Membership(bassin="09101", since=ON),)


def test_a_school_that_will_open_belongs_to_its_bassin_from_that_day() -> None:
    opening = wish(state=State.TO_OPEN, opened_on=date(2027, 9, 1))

    assert after(None, opening).memberships == (Membership(bassin="09101", since=date(2027, 9, 1)),)


def test_a_file_may_say_since_when() -> None:
    assert after(None, wish(bassin_since=date(2017, 9, 1))).memberships[0].since == date(2017, 9, 1)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({}, Kind.UNCHANGED),
        ({"name": "Collège Neuf"}, Kind.RENAMED),
        ({"bassin": CodeBassin("09102")}, Kind.MOVED),
        ({"mail": "ce@ac-lille.example"}, Kind.AMENDED),
        ({"nature": "352"}, Kind.AMENDED),
        ({"siret": Siret("19590318400014")}, Kind.AMENDED),
        ({"sector": "prive"}, Kind.AMENDED),
        ({"commune": CommuneInsee("59378")}, Kind.AMENDED),
        ({"opened_on": date(1966, 5, 1)}, Kind.AMENDED),
        ({"state": State.CLOSED}, Kind.CLOSED),
        ({"closed_on": date(2027, 8, 31)}, Kind.CLOSED),
    ],
)
def test_a_line_changes_what_it_says_otherwise(said: dict[str, Any], kind: Kind) -> None:
    assert kinds(COLLEGE, wish(**said)) == [kind]


def test_a_line_may_change_several_things_at_once() -> None:
    assert kinds(COLLEGE, wish(name="Collège Neuf", bassin=CodeBassin("09102"))) == [Kind.RENAMED, Kind.MOVED]


def test_the_report_says_before_and_after() -> None:
    (entry,) = domain.compare(COLLEGE, wish(bassin=CodeBassin("09102")), BASSINS, on=ON).entries

    assert (entry.column, entry.before, entry.after) == ("bassin", "09101", "09102")


def test_what_the_file_does_not_say_stays() -> None:
    rich = msgspec.structs.replace(COLLEGE, mail="ce@ac-lille.example", siret=Siret("19590318400014"))

    assert after(rich, wish(bassin=None, state=None)) == rich


def test_applying_a_line_twice_changes_nothing_the_second_time() -> None:
    for line in (wish(), wish(name="Neuf"), wish(bassin=CodeBassin("09102")), wish(state=State.CLOSED)):
        once = after(COLLEGE, line)
        assert kinds(once, line) == [Kind.UNCHANGED]
        assert after(once, line) == once


def test_closed_by_its_state_from_the_day_the_file_takes_effect() -> None:
    assert after(COLLEGE, wish(state=State.CLOSED)).closed_on == ON


def test_closed_by_its_date_even_if_the_state_still_says_open() -> None:
    assert after(COLLEGE, wish(state=State.TO_CLOSE, closed_on=date(2027, 8, 31))).closed_on == date(2027, 8, 31)


def test_a_school_about_to_close_without_a_date_stays_open() -> None:
    assert kinds(COLLEGE, wish(state=State.TO_CLOSE)) == [Kind.UNCHANGED]


def test_a_closed_school_keeps_its_date_when_the_file_says_closed_again() -> None:
    closed = msgspec.structs.replace(COLLEGE, closed_on=date(2024, 8, 31), memberships=())

    assert after(closed, wish(state=State.CLOSED)).closed_on == date(2024, 8, 31)


def test_only_a_file_that_says_open_opens_a_closed_school_again() -> None:
    closed = msgspec.structs.replace(COLLEGE, closed_on=date(2024, 8, 31), memberships=())

    assert kinds(closed, wish(state=None, bassin=None)) == [Kind.UNCHANGED]
    assert kinds(closed, wish(bassin=None)) == [Kind.OPENED]


def test_a_closed_school_that_was_never_known_is_not_made_up() -> None:
    comparison = domain.compare(None, wish(state=State.CLOSED), BASSINS, on=ON)

    assert comparison.after is None
    assert [entry.code for entry in comparison.entries] == ["closed-and-unknown"]


@pytest.mark.item(8)
def test_a_line_that_puts_a_school_into_a_bassin_of_another_departement_is_refused_whole() -> None:
    comparison = domain.compare(COLLEGE, wish(name="Neuf", bassin=CodeBassin("09111")), BASSINS, on=ON)

    assert [(entry.kind, entry.code) for entry in comparison.entries] == [
        (Kind.REFUSED, "bassin-in-another-departement")
    ]
    assert comparison.after is COLLEGE


@pytest.mark.item(8)
def test_a_school_that_moves_house_does_not_take_its_bassin_to_another_departement() -> None:
    away = wish(bassin=None, commune=CommuneInsee("62041"), departement=CodeDepartement("62"))

    assert kinds(COLLEGE, away) == [Kind.REFUSED]


def test_an_absent_school_is_reported_and_stays_open() -> None:
    comparison = domain.absent(COLLEGE, on=ON, close_it=False)

    assert comparison.after is COLLEGE
    assert [entry.kind for entry in comparison.entries] == [Kind.ABSENT]


def test_an_absent_school_is_closed_when_the_importer_says_so() -> None:
    comparison = domain.absent(COLLEGE, on=ON, close_it=True)

    assert comparison.after is not None
    assert comparison.after.closed_on == ON
    assert [entry.kind for entry in comparison.entries] == [Kind.ABSENT, Kind.CLOSED]


@pytest.mark.item(8)
def test_a_new_bassin_lies_where_most_of_its_schools_are() -> None:
    new = CodeBassin("09115")
    here, there = wish(bassin=new), wish(bassin=new, departement=CodeDepartement("62"))

    settled = domain.settle_bassins([there, here, here], {})

    assert settled["09115"].departement == "59"


def test_a_bassin_takes_the_name_that_most_lines_give_it() -> None:
    lines = [wish(bassin_name="LILLE CENTRE"), wish(bassin_name="LILLE CENTRE"), wish(bassin_name="LILE CENTRE")]

    assert domain.settle_bassins(lines, BASSINS)["09101"].name == "LILLE CENTRE"
    assert domain.settle_bassins([wish()], BASSINS)["09101"].name == "09101"


def test_a_line_that_is_renamed_and_moved_counts_in_both() -> None:
    both = domain.compare(COLLEGE, wish(name="Neuf", bassin=CodeBassin("09102")), BASSINS, on=ON)
    same = domain.compare(COLLEGE, wish(), BASSINS, on=ON)

    assert domain.tally([both.entries, same.entries]) == {Kind.RENAMED: 1, Kind.MOVED: 1, Kind.UNCHANGED: 1}
