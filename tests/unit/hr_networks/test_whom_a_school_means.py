"""One person has one record in the académie, whoever names them and however often."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from common.identifiers import Uai
from hr_networks.people.domain import (
    Civility,
    Corps,
    Declared,
    DuplicatePerson,
    Identity,
    Known,
    MailOfSomeoneElse,
    PersonWish,
    UnknownDeclaredPerson,
    blanked,
    declare,
)

COLLEGE, LYCEE = Uai("0590318A"), Uai("0800001S")
ANNA, NEW = UUID(int=2), UUID(int=99)


def wish(given: str = "Anna", family: str = "Martel", *, mail: str = "anna.martel@ac-lille.example",
         person: UUID | None = None) -> PersonWish:  # fmt: skip
    return PersonWish(
        civility=Civility.MADAME, family_name=family, given_names=given, function="secrétaire de direction",
        corps=Corps.SAENES, work_mail=mail, person=person,
    )  # fmt: skip


def line(person: UUID = ANNA, given: str = "Anna", family: str = "Martel",
         mail: str = "anna.martel@ac-lille.example") -> Declared:  # fmt: skip
    return Declared(
        person=person, civility=Civility.MADAME, family_name=family, given_names=given,
        function="secrétaire de direction", corps=Corps.SAENES, work_mail=mail,
    )  # fmt: skip


def identity(uai: Uai = COLLEGE) -> Identity:
    return Identity(id=ANNA, civility="madame", family_name="Martel", given_names="Anna",
                    work_mail="anna.martel@ac-lille.example", uai=uai)  # fmt: skip


def new_ids() -> Iterator[UUID]:
    return (UUID(int=n) for n in range(99, 200))


NOBODY = Known(uai=COLLEGE, previous=(), identities=())
ANNA_NAMED = Known(uai=COLLEGE, previous=(line(),), identities=(identity(),))
ANNA_ELSEWHERE = Known(uai=COLLEGE, previous=(), identities=(identity(LYCEE),))


@pytest.mark.item(141)
def test_somebody_unknown_gets_an_identity_that_is_published() -> None:
    declaration = declare([wish()], NOBODY, new_ids())

    assert [each.person for each in declaration.lines] == [NEW]
    (state,) = declaration.changed
    assert (state.subject, state.family_name, state.work_mail, state.uai, state.erased) == (
        NEW, "Martel", "anna.martel@ac-lille.example", COLLEGE, False,
    )  # fmt: skip


def test_the_same_address_is_the_same_person_whatever_its_case() -> None:
    declaration = declare([wish(mail="Anna.Martel@AC-LILLE.example")], ANNA_NAMED, new_ids())

    assert [each.person for each in declaration.lines] == [ANNA]


@pytest.mark.parametrize("given", ["ANNE-LAURE", "Anne Laure", "ânne‑laure"])
@pytest.mark.parametrize("family", ["HAUTECOEUR D'HERVE", "Hautecœur d’Hervé"])
def test_a_name_agrees_without_its_accents_hyphens_and_capitals(given: str, family: str) -> None:
    known = Identity(
        id=ANNA, civility="madame", family_name="Hautecœur d'Hervé", given_names="Anne-Laure",
        work_mail="a.hautecoeur@ac-lille.example", uai=LYCEE,
    )  # fmt: skip
    elsewhere = Known(uai=COLLEGE, previous=(), identities=(known,))

    by_family = declare([wish("Autre", family, mail=known.work_mail)], elsewhere, new_ids())
    by_given = declare([wish(given, "Autre", mail=known.work_mail)], elsewhere, new_ids())

    assert [each.person for each in (*by_family.lines, *by_given.lines)] == [ANNA, ANNA]


def test_a_quoted_person_keeps_the_same_address() -> None:
    declaration = declare([wish(family="Martel-Roy", person=ANNA)], ANNA_NAMED, new_ids())

    assert [(each.person, each.family_name) for each in declaration.lines] == [(ANNA, "Martel-Roy")]


def test_two_people_of_one_answer_do_not_share_an_address() -> None:
    with pytest.raises(DuplicatePerson):
        declare([wish(), wish("Bruno", "Calmette", mail="ANNA.Martel@ac-lille.example")], NOBODY, new_ids())


def test_each_corps_is_said_as_agents_say_it() -> None:
    assert [each.label for each in Corps] == ["ADJAENES", "SAENES", "AAE", "Contractuel", "Autre"]


def test_the_same_line_again_changes_and_publishes_nothing() -> None:
    declaration = declare([wish(given=" Anna ")], ANNA_NAMED, new_ids())

    assert declaration.unchanged
    assert declaration.changed == ()


def test_a_changed_function_corrects_the_answer_and_publishes_no_identity() -> None:
    declaration = declare(
        [PersonWish(civility=Civility.MADAME, family_name="Martel", given_names="Anna", function="gestionnaire",
                    corps=Corps.AAE, work_mail="anna.martel@ac-lille.example")],
        ANNA_NAMED, new_ids(),
    )  # fmt: skip

    assert not declaration.unchanged
    assert declaration.changed == ()


def test_a_corrected_name_keeps_the_person() -> None:
    declaration = declare([wish(family="Martel-Roy")], ANNA_NAMED, new_ids())

    assert [(each.subject, each.family_name) for each in declaration.changed] == [(ANNA, "Martel-Roy")]


def test_a_corrected_address_keeps_the_person_when_the_id_is_quoted() -> None:
    declaration = declare([wish(mail="a.martel@ac-lille.example", person=ANNA)], ANNA_NAMED, new_ids())

    assert [(each.subject, each.work_mail) for each in declaration.changed] == [(ANNA, "a.martel@ac-lille.example")]


def test_an_id_is_only_quoted_from_the_previous_answer_of_the_same_school() -> None:
    with pytest.raises(UnknownDeclaredPerson):
        declare([wish(person=ANNA)], ANNA_ELSEWHERE, new_ids())


def test_a_person_shared_by_two_schools_is_one_person() -> None:
    declaration = declare([wish()], ANNA_ELSEWHERE, new_ids())

    assert [each.person for each in declaration.lines] == [ANNA]


def test_an_address_declared_under_another_name_is_refused() -> None:
    with pytest.raises(MailOfSomeoneElse):
        declare([wish(given="Bruno", family="Calmette")], ANNA_ELSEWHERE, new_ids())


def test_an_address_of_somebody_else_is_refused_to_a_quoted_person() -> None:
    bruno = line(UUID(int=3), "Bruno", "Calmette", "bruno.calmette@ac-lille.example")
    known = Known(uai=COLLEGE, previous=(line(), bruno), identities=(identity(),))

    with pytest.raises(MailOfSomeoneElse):
        declare([wish(given="Bruno", family="Calmette", person=bruno.person)], known, new_ids())


@pytest.mark.parametrize(
    "twins",
    [
        [wish(), wish(given="Annie")],
        [wish(), wish(given="Annie", mail="ANNA.martel@ac-lille.example")],
        [wish(mail="a.martel@ac-lille.example", person=ANNA), wish()],
    ],
    ids=["same address", "same address in capitals", "quoted and named by the old address"],
)
def test_a_person_named_twice_in_one_answer_is_refused_with_the_place(twins: list[PersonWish]) -> None:
    with pytest.raises(DuplicatePerson) as refused:
        declare(twins, ANNA_NAMED, new_ids())
    assert [error.pointer for error in refused.value.errors] == ["/persons/1"]


def test_homonyms_with_two_addresses_are_two_people() -> None:
    declaration = declare([wish(), wish(mail="anna.martel2@ac-lille.example")], NOBODY, new_ids())

    assert len({each.person for each in declaration.lines}) == 2


def test_a_blanked_person_keeps_nothing_but_the_key() -> None:
    state = blanked(ANNA)

    assert state.erased
    assert {state.civility, state.family_name, state.given_names, state.work_mail, state.uai} == {""}
