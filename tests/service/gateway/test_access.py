"""Who comes in: the people of each académie by their own provider's word, and nobody else."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from common.identifiers import CodeAcademie
from common.internal_tokens import InternalTokens, bearer
from common.tokens import FixedKeys, usable_keys

pytestmark = pytest.mark.asyncio(loop_scope="module")
Forge = Callable[[Any], str]
STRANGER = RSAKey.generate_key(2048, {"kid": "stranger"})


def claims_of(bench: Any, **changed: Any) -> dict[str, Any]:
    """What chef@lille's own token says."""
    payload = bench.provider.token("chef@lille").split(".")[1]
    said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return {name: value for name, value in (said | changed).items() if value is not None}


def signing_key(bench: Any, issuer: str = "lille") -> Any:
    return bench.provider.issuers[issuer].keys[-1]


def signed(bench: Any, key: Any, alg: str, **header: Any) -> str:
    return jwt.encode({"alg": alg, **header}, claims_of(bench), key, algorithms=[alg])


def anyhow(key: RSAKey) -> RSAKey:
    """The same key, without what it says it may be used for."""
    return RSAKey.import_key(key.as_pem(private=True))


def without_signature(bench: Any) -> str:
    parts = ({"alg": "none", "kid": signing_key(bench).kid}, claims_of(bench))
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


FORGED: dict[str, Forge] = {
    "alg none": without_signature,
    "another key under the known kid": lambda b: signed(b, STRANGER, "RS256", kid=signing_key(b).kid),
    "another key under its own kid": lambda b: signed(b, STRANGER, "RS256", kid="stranger"),
    "no kid": lambda b: signed(b, STRANGER, "RS256"),
    "the other issuer's key": lambda b: signed(b, signing_key(b, "amiens"), "ES256", kid=signing_key(b, "amiens").kid),
    "an algorithm this issuer does not use": lambda b: signed(
        b, anyhow(signing_key(b)), "RS512", kid=signing_key(b).kid
    ),
    "its own key in the header": lambda b: signed(b, STRANGER, "RS256", kid="x", jwk=STRANGER.as_dict(private=False)),
    "unknown issuer": lambda b: b.provider.token("chef@lille", iss="http://127.0.0.1:1/lille"),
    "no issuer": lambda b: b.provider.token("chef@lille", iss=None),
    "another audience": lambda b: b.provider.token("chef@lille", aud="mediacentre"),
    "no audience": lambda b: b.provider.token("chef@lille", aud=None),
    "expired": lambda b: b.provider.token("chef@lille", exp=int(time.time())),
    "without end": lambda b: b.provider.token("chef@lille", exp=None),
    "not yet valid": lambda b: b.provider.token("chef@lille", nbf=int(time.time()) + 60),
    "no subject": lambda b: b.provider.token("chef@lille", sub=None),
    "an altered claim": lambda b: altered(b.provider.token("chef@lille")),
    "no token": lambda b: "abc",
    "two dots": lambda b: "..",
}


def altered(token: str) -> str:
    header, payload, signature = token.split(".")
    said = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).replace(b"0599001N", b"0599003R")
    return f"{header}.{base64.urlsafe_b64encode(said).rstrip(b'=').decode()}.{signature}"


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
async def test_a_forged_token_opens_nothing(client: httpx.AsyncClient, bench: Any, forge: Forge) -> None:
    answer = await client.get("/v1/training/x", headers={"Authorization": f"Bearer {forge(bench)}"})

    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert bench.service.heard == []


@pytest.mark.parametrize("authorization", [None, "", "Basic Y2hlZjpjaGVm", "Bearer", "Token abc"])
async def test_nobody_comes_in_without_a_token(
    client: httpx.AsyncClient, bench: Any, authorization: str | None
) -> None:
    answer = await client.get(
        "/v1/training/x", headers={} if authorization is None else {"Authorization": authorization}
    )

    assert answer.status_code == 401
    assert bench.service.heard == []


async def test_two_tokens_in_one_request_are_none(client: httpx.AsyncClient, bench: Any) -> None:
    both = [("Authorization", bench.as_(account)["Authorization"]) for account in ("chef@lille", "chef@amiens")]

    answer = await client.get("/v1/training/x", headers=both)

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-request")
    assert bench.service.heard == []


async def test_an_internal_token_does_not_come_in_by_the_front_door(client: httpx.AsyncClient, bench: Any) -> None:
    await client.get("/v1/training/x", headers=bench.as_("chef@lille"))
    internal = bench.service.heard[0].headers["authorization"]

    answer = await client.get("/v1/training/x", headers={"Authorization": internal})

    assert answer.status_code == 401


async def test_an_audience_may_be_one_of_several(client: httpx.AsyncClient, bench: Any) -> None:
    answer = await client.get("/v1/training/x", headers=bench.as_("chef@lille", aud=["mediacentre", "bassin"]))

    assert answer.status_code == 200


async def test_a_refusal_quotes_nothing_of_the_token(client: httpx.AsyncClient, bench: Any) -> None:
    token = altered(bench.provider.token("chef@lille"))

    answer = await client.get("/v1/training/x", headers={"Authorization": f"Bearer {token}"})

    assert not any(part in answer.text for part in token.split("."))


async def agent_heard(client: httpx.AsyncClient, bench: Any) -> Any:
    published = FixedKeys(usable_keys((await client.get("/internal/jwks")).content))
    return await InternalTokens(published).verify(bearer(bench.service.heard[-1].headers["authorization"]), "training")


async def test_the_academie_is_the_issuers_and_no_header_or_claim_changes_it(
    client: httpx.AsyncClient, bench: Any
) -> None:
    headers = bench.as_("chef@amiens", academie="09", academies=["09"]) | {"X-Academie": "09", "ce_academie": "09"}

    await client.get("/v1/training/x?academie=09", headers=headers)

    assert (await agent_heard(client, bench)).academies == {CodeAcademie("20")}
