"""What an issuer says of somebody, in its own words, becomes mandates of its own académie and of no other."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from common.identifiers import CodeAcademie
from common.identity import Agent, Mandate, Role
from common.local.accounts import DEMO_ISSUERS, find, issuer_of, people
from common.local.identity_provider import issuers_toml
from common.settings import SettingsError
from common.tokens import FixedKeys
from gateway.access import Door
from gateway.settings import Issuer, IssuersFile, MandateRule, read_file

KEY = ECKey.generate_key("P-256", {"kid": "k", "alg": "ES256", "use": "sig"})
OFFICES = {
    "territoire": Role.ADMINISTRATEUR_TERRITOIRE,
    "formation": Role.RESPONSABLE_FORMATION,
    "drh": Role.RESSOURCES_HUMAINES,
    "paye": Role.COORDINATION_PAYE,
    "dpo": Role.PROTECTION_DONNEES,
    "exploitation": Role.EXPLOITATION,
}


def issuer(**changed: Any) -> Issuer:
    rule = MandateRule(claim="uai", pattern="(?P<uai>.*)", role=Role.CHEF_ETABLISSEMENT)
    given = {"url": "https://idp.example", "academie": CodeAcademie("09"), "audience": "bassin", "mandates": (rule,)}
    return Issuer(**(given | changed))


async def agent_of(issuer: Issuer, **claims: Any) -> Agent:
    registered = {"iss": issuer.url, "sub": "s-1", "aud": "bassin", "exp": 9e9}
    token = jwt.encode({"alg": "ES256", "kid": "k"}, registered | claims, KEY)
    _, agent = await Door(issuer, FixedKeys({"k": KEY})).admit(token)
    return agent


async def demo_agent(account: str, tmp_path: Path) -> Agent:
    """Through the rules of the demo's own configuration."""
    file = tmp_path / "issuers.toml"
    file.write_text(issuers_toml("http://idp"))
    name = issuer_of(account)
    [configured] = [one for one in read_file(file, IssuersFile).issuers if one.url == f"http://idp/{name}"]
    [shape] = [demo for demo in DEMO_ISSUERS if demo.name == name]
    person = find(account)
    assert person is not None
    return await agent_of(configured, **shape.claims(person))


@pytest.mark.parametrize("academie", ["lille", "amiens"])
@pytest.mark.parametrize(("office", "role"), OFFICES.items())
async def test_each_office_of_the_demo_holds_its_role(academie: str, office: str, role: Role, tmp_path: Path) -> None:
    agent = await demo_agent(f"{office}@{academie}", tmp_path)

    code = CodeAcademie("09" if academie == "lille" else "20")
    assert agent.mandates == (Mandate(role=role, academie=code),)


@pytest.mark.parametrize(("account", "uai"), [("chef@lille", "0599001N"), ("chef@amiens", "0029001Y")])
async def test_a_head_of_the_demo_heads_his_school(account: str, uai: str, tmp_path: Path) -> None:
    agent = await demo_agent(account, tmp_path)

    assert [(m.role, m.uai) for m in agent.mandates] == [(Role.CHEF_ETABLISSEMENT, uai), (Role.AGENT, uai)]


async def test_every_school_has_a_head(tmp_path: Path) -> None:
    agent = await demo_agent("chef-0599003r@lille", tmp_path)

    assert agent.mandates[0].uai == "0599003R"


@pytest.mark.parametrize(("account", "bassin"), [("animateur@lille", "09101"), ("animateur@amiens", "20901")])
async def test_an_animateur_of_the_demo_holds_a_bassin_role_only(account: str, bassin: str, tmp_path: Path) -> None:
    agent = await demo_agent(account, tmp_path)

    assert [(m.role, m.bassin) for m in agent.mandates] == [(Role.ANIMATEUR_BASSIN, bassin)]
    assert agent.only_of_a_bassin


async def test_a_secretary_is_an_agent_of_her_school(tmp_path: Path) -> None:
    agent = await demo_agent("secretaire@lille", tmp_path)

    assert [(m.role, m.uai) for m in agent.mandates] == [(Role.AGENT, "0599001N")]
    assert agent.mail == "paule.senechal@ac-lille.example"


def test_the_operator_needs_no_academie_to_log_in() -> None:
    assert find("exploitation") == find("exploitation@lille")


@pytest.mark.parametrize("account", ["nobody@lille", "chef-0599003r", "chef-099@lille", ""])
def test_an_account_that_nobody_has_is_not_found(account: str) -> None:
    found = find(account)

    assert found is None or found.uai == "0599003R"


def test_no_two_accounts_of_the_demo_are_one_person() -> None:
    listed = [person for demo in DEMO_ISSUERS for person in people(demo.name)]

    assert len({person.account for person in listed}) == len(listed)


async def test_the_academie_is_that_of_the_issuer_whatever_the_claims_say() -> None:
    agent = await agent_of(issuer(), uai="0800001S", academie="20", academies=["20"])

    assert agent.academies == {CodeAcademie("09")}


async def test_several_schools_give_several_mandates() -> None:
    agent = await agent_of(issuer(), uai=["0590318A", "0599001N"])

    assert [mandate.uai for mandate in agent.mandates] == ["0590318A", "0599001N"]


async def test_a_lower_case_uai_is_mended() -> None:
    agent = await agent_of(issuer(), uai="0590318a")

    assert agent.mandates[0].uai == "0590318A"


@pytest.mark.parametrize("claim", ["0590318B", "059", "", None, 590318, {"uai": "0590318A"}, [None, 3]])
async def test_what_is_no_school_gives_no_mandate_and_no_failure(claim: object) -> None:
    agent = await agent_of(issuer(), uai=claim)

    assert agent.mandates == ()


async def test_a_bassin_of_another_academie_gives_no_mandate() -> None:
    rule = MandateRule(claim="groups", pattern="bassin-(?P<bassin>.*)", role=Role.ANIMATEUR_BASSIN)

    agent = await agent_of(issuer(mandates=(rule,)), groups=["bassin-20901", "bassin-09101"])

    assert [mandate.bassin for mandate in agent.mandates] == ["09101"]


async def test_a_pattern_matches_a_whole_value() -> None:
    rule = MandateRule(claim="groups", pattern="service-paye", role=Role.COORDINATION_PAYE)

    agent = await agent_of(issuer(mandates=(rule,)), groups=["pas-service-paye", "service-paye-2"])

    assert agent.mandates == ()


async def test_a_rule_can_ask_for_another_claim_too() -> None:
    rule = MandateRule(claim="uai", pattern="(?P<uai>.*)", where={"function": "DIR"}, role=Role.CHEF_ETABLISSEMENT)
    heads = issuer(mandates=(rule,))

    assert (await agent_of(heads, uai="0590318A", function="ADM")).mandates == ()
    assert (await agent_of(heads, uai="0590318A")).mandates == ()
    assert len((await agent_of(heads, uai="0590318A", function=["ENS", "DIR"])).mandates) == 1


@pytest.mark.parametrize("verified", [False, None, "true", 1])
async def test_a_mail_that_the_issuer_did_not_verify_is_no_mail(verified: object) -> None:
    agent = await agent_of(issuer(), email="a@ac-lille.example", email_verified=verified)

    assert agent.mail is None


async def test_the_same_subject_of_two_issuers_is_two_agents() -> None:
    here = await agent_of(issuer())
    there = await agent_of(issuer(url="https://other.example"))

    assert here.id != there.id
    assert here.id == (await agent_of(issuer())).id
    assert isinstance(here.id, UUID)


def test_a_mistake_in_a_configuration_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "issuers.toml"
    file.write_text('[[issuers]]\nurl = "x"\nacademie = "9"\n')

    with pytest.raises(SettingsError) as refused:
        read_file(file, IssuersFile)

    assert refused.value.lines[0].startswith("issuers.toml: ")
    assert len(refused.value.lines) == 1
