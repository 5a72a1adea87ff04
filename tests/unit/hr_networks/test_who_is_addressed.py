"""A census addresses every EPLE of the académie that is open on the day, and nobody else."""

from datetime import date
from uuid import UUID

import pytest

from common.contracts.hr_networks import CensusOpened, SchoolAddressed
from common.identifiers import CodeAcademie, Uai
from hr_networks.census.domain import (
    CampaignWish,
    DeadlineInThePast,
    NoSchoolToAddress,
    School,
    address,
    answer_id,
    is_addressed,
    open_census,
    training_division,
)

CENSUS = UUID(int=1)
LETTER_DAY = date(2007, 10, 26)
COLLEGE, LYCEE = Uai("0590318A"), Uai("0800001S")


def school(
    uai: Uai = COLLEGE,
    *,
    nature: str = "340",
    sector: str = "public",
    opened_on: date | None = date(1970, 9, 1),
    closed_on: date | None = None,
) -> School:
    return School(uai=uai, nature=nature, sector=sector, opened_on=opened_on, closed_on=closed_on)


def wish(deadline: date) -> CampaignWish:
    return CampaignWish(
        academie=CodeAcademie("09"),
        object="identification des personnels affectés au secrétariat de direction",
        function="secrétariat de direction",
        letter="Mesdames et Messieurs les chefs d’établissement, …",
        signatory="La directrice des ressources humaines",
        contact="DIFOR, difor@ac-lille.example",
        deadline=deadline,
    )


@pytest.mark.item(113)
@pytest.mark.parametrize("nature", ["300", "301", "302", "306", "310", "320", "340", "350", "352", "370"])
def test_a_public_college_lycee_or_erea_is_addressed(nature: str) -> None:
    assert is_addressed(school(nature=nature), today=LETTER_DAY)


@pytest.mark.item(113)
@pytest.mark.parametrize("nature", ["101", "151", "307", "334", "335", "380", "400", "802", "841", ""])
def test_what_is_no_eple_of_its_own_is_not_addressed(nature: str) -> None:
    assert not is_addressed(school(nature=nature), today=LETTER_DAY)


def test_a_private_school_is_no_eple() -> None:
    assert not is_addressed(school(sector="prive"), today=LETTER_DAY)


def test_a_source_silent_on_the_sector_does_not_hide_a_school() -> None:
    assert is_addressed(school(sector=""), today=LETTER_DAY)


@pytest.mark.parametrize(
    ("opened_on", "closed_on", "open_today"),
    [
        (None, None, True),
        (LETTER_DAY, None, True),
        (date(2007, 10, 27), None, False),
        (None, date(2007, 10, 27), True),
        (None, LETTER_DAY, False),
    ],
)
def test_only_a_school_open_on_the_day_is_addressed(
    opened_on: date | None, closed_on: date | None, open_today: bool
) -> None:
    assert is_addressed(school(opened_on=opened_on, closed_on=closed_on), today=LETTER_DAY) is open_today


@pytest.mark.item(113)
def test_opening_tells_what_is_asked_and_names_every_addressed_school() -> None:
    schools = [school(LYCEE, nature="300"), school(Uai("0590001F"), nature="151"), school()]

    events = open_census(CENSUS, wish(date(2007, 11, 20)), schools, today=LETTER_DAY)

    assert events == [
        CensusOpened(
            subject=CENSUS,
            object="identification des personnels affectés au secrétariat de direction",
            function="secrétariat de direction",
            deadline=date(2007, 11, 20),
        ),
        SchoolAddressed(subject=answer_id(CENSUS, COLLEGE), census=CENSUS, uai=COLLEGE),
        SchoolAddressed(subject=answer_id(CENSUS, LYCEE), census=CENSUS, uai=LYCEE),
    ]


def test_a_census_may_be_opened_for_the_same_day() -> None:
    assert open_census(CENSUS, wish(LETTER_DAY), [school()], today=LETTER_DAY)


def test_a_deadline_in_the_past_is_refused() -> None:
    with pytest.raises(DeadlineInThePast) as refused:
        open_census(CENSUS, wish(date(2007, 10, 25)), [school()], today=LETTER_DAY)
    assert refused.value.code == "deadline-in-the-past"


def test_a_census_of_nobody_is_refused() -> None:
    with pytest.raises(NoSchoolToAddress):
        open_census(CENSUS, wish(date(2007, 11, 20)), [school(nature="151")], today=LETTER_DAY)


def test_a_school_opened_later_is_addressed_alone() -> None:
    later = school(LYCEE, nature="300", opened_on=date(2007, 11, 1))

    assert address(CENSUS, [later], today=date(2007, 11, 1)) == [
        SchoolAddressed(subject=answer_id(CENSUS, LYCEE), census=CENSUS, uai=LYCEE)
    ]


@pytest.mark.item(143)
def test_the_training_division_is_the_difor_then_since_the_rentree_of_2022_the_eafc() -> None:
    assert training_division(LETTER_DAY) == "DIFOR"
    assert training_division(date(2022, 8, 31)) == "DIFOR"
    assert training_division(date(2022, 9, 1)) == "EAFC"
