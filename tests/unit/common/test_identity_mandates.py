"""Who may do what: mandates, and the bassin that never decides."""

from collections.abc import Callable
from uuid import UUID

import pytest
from litestar import get

from common.identifiers import CodeAcademie, CodeBassin, Uai
from common.identity import Act, Agent, BassinNeverDecides, Mandate, Role, acts_of, convenes, decides, proposes, reads
from common.refusal import Forbidden

LILLE, AMIENS = CodeAcademie("09"), CodeAcademie("20")
SCHOOL, OTHER_SCHOOL = Uai("0590318A"), Uai("0800001S")
BASSIN, OTHER_BASSIN = CodeBassin("09101"), CodeBassin("09102")

HEAD = Mandate(role=Role.CHEF_ETABLISSEMENT, academie=LILLE, uai=SCHOOL)
ANIMATEUR = Mandate(role=Role.ANIMATEUR_BASSIN, academie=LILLE, bassin=BASSIN)
TRAINING_OFFICE = Mandate(role=Role.RESPONSABLE_FORMATION, academie=LILLE)


def agent(*mandates: Mandate, name: str = "", mail: str | None = None) -> Agent:
    return Agent(id=UUID(int=1), academie=LILLE, mandates=mandates, name=name, mail=mail)


def test_a_head_acts_for_his_own_school_only() -> None:
    head = agent(HEAD)

    head.require(Role.CHEF_ETABLISSEMENT, academie=LILLE, uai=SCHOOL)
    with pytest.raises(Forbidden):
        head.require(Role.CHEF_ETABLISSEMENT, academie=LILLE, uai=OTHER_SCHOOL)


def test_a_mandate_is_worth_nothing_in_the_other_academie() -> None:
    assert not agent(HEAD).holds(Role.CHEF_ETABLISSEMENT, academie=AMIENS, uai=SCHOOL)
    assert not agent(TRAINING_OFFICE).holds(Role.RESPONSABLE_FORMATION, academie=AMIENS)


def test_an_office_covers_every_school_and_bassin_of_its_academie() -> None:
    office = agent(TRAINING_OFFICE)

    assert office.holds(Role.RESPONSABLE_FORMATION)
    assert office.holds(Role.RESPONSABLE_FORMATION, academie=LILLE, uai=SCHOOL)
    assert office.holds(Role.RESPONSABLE_FORMATION, academie=LILLE, bassin=BASSIN)


def test_an_office_covers_no_school_whose_academie_nobody_named() -> None:
    assert not agent(TRAINING_OFFICE).holds(Role.RESPONSABLE_FORMATION, uai=OTHER_SCHOOL)
    assert not agent(TRAINING_OFFICE).holds(Role.RESPONSABLE_FORMATION, bassin=CodeBassin("20901"))


def test_a_role_of_a_bassin_stays_in_that_bassin() -> None:
    animateur = agent(ANIMATEUR)

    assert animateur.holds(Role.ANIMATEUR_BASSIN, bassin=BASSIN)
    assert not animateur.holds(Role.ANIMATEUR_BASSIN, bassin=OTHER_BASSIN)


def test_a_mandate_for_a_school_says_nothing_of_a_bassin_it_does_not_name() -> None:
    assert not agent(HEAD).holds(Role.CHEF_ETABLISSEMENT, academie=LILLE, bassin=BASSIN)
    assert not agent(ANIMATEUR).holds(Role.ANIMATEUR_BASSIN, academie=LILLE, uai=SCHOOL)


@pytest.mark.parametrize("role", [Role.CHEF_ETABLISSEMENT, Role.ANIMATEUR_BASSIN])
def test_a_head_without_school_or_an_animateur_without_bassin_cannot_exist(role: Role) -> None:
    with pytest.raises(ValueError, match="one "):
        Mandate(role=role, academie=LILLE)


def test_a_bassin_of_another_academie_cannot_be_mandated() -> None:
    with pytest.raises(ValueError, match="lies in its académie"):
        Mandate(role=Role.ANIMATEUR_BASSIN, academie=AMIENS, bassin=BASSIN)


@pytest.mark.item(16)
def test_a_bassin_is_told_why_it_does_not_decide() -> None:
    with pytest.raises(BassinNeverDecides) as refused:
        agent(ANIMATEUR).require(Role.RESPONSABLE_FORMATION, Role.CHEF_ETABLISSEMENT)

    assert (refused.value.status, refused.value.code) == (403, "bassin-never-decides")
    assert "2001-114" in refused.value.detail


def test_an_agent_of_a_school_who_speaks_for_a_bassin_is_told_the_same() -> None:
    ordinary = Mandate(role=Role.AGENT, academie=LILLE, uai=SCHOOL)

    with pytest.raises(BassinNeverDecides):
        agent(ANIMATEUR, ordinary).require(Role.CHEF_ETABLISSEMENT, academie=LILLE, uai=SCHOOL)


def test_a_bassin_that_lacks_a_bassin_role_elsewhere_is_simply_not_concerned() -> None:
    with pytest.raises(Forbidden) as refused:
        agent(ANIMATEUR).require(Role.ANIMATEUR_BASSIN, bassin=OTHER_BASSIN)

    assert refused.value.code == "not-yours"


def test_a_head_who_is_also_animateur_decides_as_a_head() -> None:
    both = agent(ANIMATEUR, HEAD)

    both.require(Role.CHEF_ETABLISSEMENT, academie=LILLE, uai=SCHOOL)
    with pytest.raises(Forbidden):
        both.require(Role.CHEF_ETABLISSEMENT, academie=LILLE, uai=OTHER_SCHOOL)


def test_an_agent_without_mandate_is_not_mistaken_for_a_bassin() -> None:
    with pytest.raises(Forbidden):
        agent().require(Role.RESPONSABLE_FORMATION)


@pytest.mark.item(16)
def test_no_route_can_let_a_bassin_role_decide() -> None:
    with pytest.raises(ValueError, match="2001-114"):
        decides(Role.RESPONSABLE_FORMATION, Role.ANIMATEUR_BASSIN)


@pytest.mark.item(18)
def test_a_bassin_reads_proposes_and_convenes() -> None:
    acts = [reads(Role.ANIMATEUR_BASSIN), proposes(Role.ANIMATEUR_BASSIN), convenes(Role.ANIMATEUR_BASSIN)]

    assert [act.act for act in acts] == ["read", "propose", "convene"]


@pytest.mark.parametrize("guard", [reads, proposes, convenes, decides])
def test_a_route_that_names_no_role_is_a_mistake(guard: Callable[..., Act]) -> None:
    with pytest.raises(ValueError, match="names the roles"):
        guard()


def test_the_act_of_a_route_can_be_read_from_its_handler() -> None:
    @get("/", guards=[decides(Role.RESPONSABLE_FORMATION)])
    async def route() -> None: ...

    assert [(act.act, act.roles) for act in acts_of(route)] == [("decide", (Role.RESPONSABLE_FORMATION,))]


def test_an_agent_sees_the_academies_of_his_mandates_and_his_own() -> None:
    abroad = Mandate(role=Role.AGENT, academie=AMIENS)

    assert agent(abroad).academies == {LILLE, AMIENS}


def test_an_agent_in_a_log_shows_neither_name_nor_mail() -> None:
    shown = repr(agent(HEAD, name="Camille Delattre", mail="camille.delattre@ac-lille.example"))

    assert "Camille" not in shown
    assert "delattre" not in shown
