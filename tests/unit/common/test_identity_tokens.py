"""The internal token: what a service believes of the gateway, and all it must refuse."""

import base64
import hmac
import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, Key, RSAKey

from common.identifiers import CodeAcademie, CodeBassin, Uai
from common.identity import Agent, Mandate, Role
from common.internal_tokens import InternalTokens, bearer
from common.tokens import FixedKeys, Unauthenticated

LILLE = CodeAcademie("09")
KEY = ECKey.generate_key("P-256", {"kid": "k1", "alg": "ES256", "use": "sig"})
STRANGER = ECKey.generate_key("P-256", {"kid": "k1", "alg": "ES256", "use": "sig"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
START = 1_800_000_000.0

HEAD = Agent(
    id=UUID(int=7),
    academie=LILLE,
    mandates=(
        Mandate(role=Role.CHEF_ETABLISSEMENT, academie=LILLE, uai=Uai("0590318A")),
        Mandate(role=Role.ANIMATEUR_BASSIN, academie=LILLE, bassin=CodeBassin("09101")),
    ),
    name="Camille Delattre",
    mail="camille.delattre@ac-lille.example",
)


class Time:
    """Both clocks of the system, moved by hand."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def gateway(time: Time) -> InternalTokens:
    return InternalTokens(signing=lambda: KEY, now=time, elapsed=time)


@pytest.fixture
def service(time: Time) -> InternalTokens:
    return InternalTokens(FixedKeys({"k1": KEY, "rsa": RSA}), now=time, elapsed=time)


def claims(**changed: Any) -> bytes:
    good = {
        "iss": "bassin-gateway",
        "aud": "training",
        "sub": str(UUID(int=7)),
        "iat": int(START),
        "exp": int(START) + 60,
        "academie": "09",
        "mandates": [],
    }
    return json.dumps({key: value for key, value in (good | changed).items() if value is not None}).encode()


def signed(payload: bytes, key: Key = KEY, **header: Any) -> str:
    return jws.serialize_compact({"alg": "ES256", "kid": "k1"} | header, payload, key, algorithms=["ES256", "RS256"])


def by_hand(header: dict[str, Any], payload: bytes, signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), payload, signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def signed_with_our_public_key(payload: bytes) -> str:
    """The classic confusion: the public key, known to all, used as the secret of an HMAC."""
    head = by_hand({"alg": "HS256", "kid": "k1"}, payload).rpartition(".")[0]
    mac = hmac.digest(KEY.as_pem(private=False), head.encode(), "sha256")
    return f"{head}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


async def test_a_service_gets_back_the_agent_that_the_gateway_signed(
    gateway: InternalTokens, service: InternalTokens
) -> None:
    assert await service.verify(gateway.sign(HEAD, "training"), "training") == HEAD


async def test_a_token_for_one_service_opens_no_other(gateway: InternalTokens, service: InternalTokens) -> None:
    token = gateway.sign(HEAD, "training")
    await service.verify(token, "training")

    with pytest.raises(Unauthenticated):
        await service.verify(token, "territory")


async def test_a_token_lives_sixty_seconds_even_when_it_was_verified_before(
    gateway: InternalTokens, service: InternalTokens, time: Time
) -> None:
    token = gateway.sign(HEAD, "training")
    time.at += 59
    await service.verify(token, "training")

    time.at += 1
    with pytest.raises(Unauthenticated):
        await service.verify(token, "training")


def test_the_gateway_signs_once_in_thirty_seconds(gateway: InternalTokens, time: Time) -> None:
    first = gateway.sign(HEAD, "training")

    assert gateway.sign(HEAD, "training") == first
    time.at += 30
    assert gateway.sign(HEAD, "training") != first


@pytest.mark.parametrize("wrong", [600.0, -600.0])
async def test_a_token_of_a_wrong_clock_is_not_sent_once_the_clock_is_right(
    service: InternalTokens, time: Time, wrong: float
) -> None:
    ahead = wrong
    gateway = InternalTokens(signing=lambda: KEY, now=lambda: time() + ahead, elapsed=time)
    first = gateway.sign(HEAD, "training")
    ahead = 0.0

    assert gateway.sign(HEAD, "training") != first
    assert await service.verify(gateway.sign(HEAD, "training"), "training") == HEAD


def test_the_gateway_signs_anew_when_the_mandates_changed(gateway: InternalTokens) -> None:
    demoted = Agent(id=HEAD.id, academie=LILLE)

    assert gateway.sign(HEAD, "training") != gateway.sign(demoted, "training")


@pytest.mark.parametrize("ahead", [30.0, 0.0, -600.0])
async def test_a_service_believes_the_gateway_while_it_is_at_most_thirty_seconds_ahead(
    gateway: InternalTokens, time: Time, ahead: float
) -> None:
    """Also the token that the gateway signed almost thirty seconds ago."""
    elsewhere = InternalTokens(FixedKeys({"k1": KEY}), now=lambda: time() + ahead, elapsed=time)
    token = gateway.sign(HEAD, "training")
    time.at += 29.9

    assert gateway.sign(HEAD, "training") == token
    assert await elsewhere.verify(token, "training") == HEAD


async def test_a_well_made_token_is_accepted(service: InternalTokens) -> None:
    assert (await service.verify(signed(claims()), "training")).id == UUID(int=7)


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param(by_hand({"alg": "none", "kid": "k1"}, claims()), id="alg none"),
        pytest.param(by_hand({"alg": "NONE", "kid": "k1"}, claims(), b"x"), id="alg NONE"),
        pytest.param(signed_with_our_public_key(claims()), id="HS256 with the public key"),
        pytest.param(signed(claims(), RSA, alg="RS256", kid="rsa"), id="an algorithm that we do not use"),
        pytest.param(signed(claims(), STRANGER), id="another key under our kid"),
        pytest.param(signed(claims(), kid="k2"), id="unknown kid"),
        pytest.param(jws.serialize_compact({"alg": "ES256"}, claims(), KEY), id="no kid"),
        pytest.param(by_hand({"alg": "ES256", "kid": ["k1"]}, claims(), b"x" * 64), id="kid that is no text"),
        pytest.param(by_hand({"alg": ["ES256"], "kid": "k1"}, claims(), b"x" * 64), id="alg that is no text"),
        pytest.param(by_hand({"alg": "ES256", "kid": "k1"}, claims(), b"\0" * 64), id="signature of zeros"),
        pytest.param(by_hand({"alg": "ES256", "kid": "k1"}, claims()), id="no signature"),
        pytest.param(signed(claims(iss="https://idp.example")), id="issuer"),
        pytest.param(signed(claims(aud="territory")), id="audience"),
        pytest.param(signed(claims(aud=["training"])), id="several audiences"),
        pytest.param(signed(claims(exp=int(START))), id="expired"),
        pytest.param(signed(claims(exp=None)), id="without end"),
        pytest.param(signed(claims(exp=str(int(START) + 60))), id="an end that is no number"),
        pytest.param(signed(claims(academie="Lille")), id="no académie code"),
        pytest.param(signed(claims(mandates=[{"role": "recteur", "academie": "09"}])), id="unknown role"),
        pytest.param(
            signed(claims(mandates=[{"role": "chef-etablissement", "academie": "09"}])), id="a head of no school"
        ),
        pytest.param(signed(b"[]"), id="claims that are no object"),
        pytest.param(signed(b"{"), id="claims that are no JSON"),
    ],
)
async def test_a_forged_token_is_refused(service: InternalTokens, forged: str) -> None:
    with pytest.raises(Unauthenticated):
        await service.verify(forged, "training")


@given(
    st.text(max_size=80)
    | st.lists(st.binary(max_size=12), min_size=3, max_size=3).map(
        lambda p: ".".join(base64.urlsafe_b64encode(part).decode() for part in p)
    )
)
async def test_no_text_at_all_does_worse_than_a_refusal(text: str) -> None:
    with pytest.raises(Unauthenticated):
        await InternalTokens(FixedKeys({"k1": KEY})).verify(text, "training")


def test_a_service_cannot_sign(service: InternalTokens) -> None:
    with pytest.raises(RuntimeError):
        service.sign(HEAD, "training")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "token"])
def test_a_request_without_bearer_token_is_refused(header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        bearer(header)


def test_the_scheme_is_not_case_sensitive() -> None:
    assert bearer("bearer abc") == "abc"
