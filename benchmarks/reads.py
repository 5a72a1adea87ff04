"""One read of hr_networks: a head reads what his school answered, through the gateway or with an internal token."""

from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from benchmarks.census import Census, Head
from benchmarks.http import request
from benchmarks.platform import bearer
from common.identifiers import CodeAcademie, Uai
from common.identity import Agent, Mandate, Role
from common.internal_tokens import InternalTokens
from common.signing_keys import SigningKeys

SERVICE = "hr_networks"


def for_gateway(heads: list[Head]) -> list[bytes]:
    """With the token of each head's own issuer: the gateway limits how much one may ask."""
    return [request("GET", head.path, bearer(head.token)) for head in heads]


def for_service(census: Census, heads: list[Head]) -> list[bytes]:
    """With the token that the gateway would have signed, good for a minute."""
    signed = InternalTokens(signing=SigningKeys(Path(census.platform.at.keys)).current)
    return [request("GET", head.path, bearer(signed.sign(agent(head), SERVICE))) for head in heads]


def agent(head: Head) -> Agent:
    academie = CodeAcademie(head.academie)
    mandate = Mandate(role=Role.CHEF_ETABLISSEMENT, academie=academie, uai=Uai(head.uai))
    return Agent(id=uuid5(NAMESPACE_URL, head.uai), academie=academie, mandates=(mandate,), name="Chef")
