"""A login is tied to a declared person once: by the verified address, else by the head of the school."""

from uuid import UUID

import pytest

from common.identifiers import Uai
from hr_networks.links.domain import (
    AgentAlreadyLinked,
    MailNotVerified,
    NobodyHasThisMail,
    NotOfYourSchool,
    Person,
    PersonAlreadyLinked,
    UnknownPerson,
    link_by_head,
    link_by_mail,
)

AGENT, OTHER_AGENT, ANNA, BRUNO = UUID(int=1), UUID(int=9), UUID(int=2), UUID(int=3)
COLLEGE, LYCEE = Uai("0590318A"), Uai("0800001S")


def anna(agent: UUID | None = None) -> Person:
    return Person(id=ANNA, work_mail="Anna.Martel@ac-lille.example", agent=agent, schools=frozenset({COLLEGE}))


def test_the_verified_address_ties_whatever_its_case() -> None:
    fact = link_by_mail(AGENT, "anna.martel@AC-lille.example", anna(), already=None)

    assert (fact.subject, fact.agent) == (ANNA, AGENT)


def test_an_address_that_nobody_verified_ties_nothing() -> None:
    with pytest.raises(MailNotVerified):
        link_by_mail(AGENT, None, anna(), already=None)


@pytest.mark.parametrize("person", [None, anna()])
def test_another_address_ties_nothing_and_says_what_to_hand_to_the_head(person: Person | None) -> None:
    with pytest.raises(NobodyHasThisMail) as refused:
        link_by_mail(AGENT, "anna@ailleurs.example", person, already=None)
    assert str(AGENT) in refused.value.detail


def test_the_head_of_a_school_that_named_the_person_ties() -> None:
    fact = link_by_head(AGENT, anna(), heads=frozenset({LYCEE, COLLEGE}), already=None)

    assert (fact.subject, fact.agent) == (ANNA, AGENT)


def test_the_head_of_another_school_does_not() -> None:
    with pytest.raises(NotOfYourSchool):
        link_by_head(AGENT, anna(), heads=frozenset({LYCEE}), already=None)


def test_nobody_is_tied_to_no_one() -> None:
    with pytest.raises(UnknownPerson):
        link_by_head(AGENT, None, heads=frozenset({COLLEGE}), already=None)


def test_a_person_is_tied_once() -> None:
    with pytest.raises(PersonAlreadyLinked):
        link_by_mail(AGENT, "anna.martel@ac-lille.example", anna(agent=OTHER_AGENT), already=None)


def test_a_login_is_tied_once() -> None:
    with pytest.raises(AgentAlreadyLinked):
        link_by_head(AGENT, anna(), heads=frozenset({COLLEGE}), already=BRUNO)
