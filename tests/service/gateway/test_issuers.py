"""Issuers come and go: a third académie, keys that rotate, a provider that is down."""

import asyncio
import time
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

from common.internal_tokens import InternalTokens, bearer
from common.local.accounts import DEMO_ISSUERS, DemoIssuer, plain_claims
from common.tokens import FixedKeys, usable_keys
from gateway.access import Access
from gateway.settings import IssuersFile, read_file

STRANGER = RSAKey.generate_key(2048, {"kid": "stranger"})


def forged(own: Any, kid: str = "stranger") -> dict[str, str]:
    """The claims of chef@lille, signed by somebody else."""
    claims = {"iss": f"{own.provider.base}/lille", "sub": "s", "aud": "bassin", "exp": time.time() + 9999}
    return {"Authorization": f"Bearer {jwt.encode({'alg': 'RS256', 'kid': kid}, claims, STRANGER)}"}


async def agent_heard(client: httpx.AsyncClient, own: Any) -> Any:
    published = FixedKeys(usable_keys((await client.get("/internal/jwks")).content))
    return await InternalTokens(published).verify(bearer(own.service.heard[-1].headers["authorization"]), "training")


async def test_a_third_academie_is_configuration_alone(own: Any) -> None:
    """One more block in BASSIN_ISSUERS: its issuer, its code, how to read its claims."""
    normandie = DemoIssuer(name="normandie", claims=plain_claims, algorithm="ES256")
    await own.provide((*DEMO_ISSUERS, normandie))
    await own.route()
    settings = own.settings()
    settings.issuers.write_text(
        settings.issuers.read_text()
        + f"""
[[issuers]]
url = "{own.provider.base}/normandie"
academie = "70"
audience = "bassin"
mandates = [{{ claim = "fonction", pattern = "FORMATION", role = "responsable-formation" }}]
"""
    )
    client = await own.start()

    answer = await client.get("/v1/training/x", headers=own.as_("formation@normandie"))

    assert answer.status_code == 200
    agent = await agent_heard(client, own)
    assert [(m.role, m.academie) for m in agent.mandates] == [("responsable-formation", "70")]
    assert (await client.get("/v1/training/x", headers=own.as_("chef@lille"))).status_code == 200


async def test_an_academie_that_is_not_configured_does_not_come_in(own: Any) -> None:
    await own.provide((*DEMO_ISSUERS, DemoIssuer(name="normandie", claims=plain_claims, algorithm="ES256")))
    await own.route()
    client = await own.start()

    answer = await client.get("/v1/training/x", headers=own.as_("formation@normandie"))

    assert answer.status_code == 401


class Time:
    """Both clocks of the gateway, moved by hand."""

    def __init__(self) -> None:
        self.at = time.time()

    def __call__(self) -> float:
        return self.at


async def clocked(own: Any) -> tuple[Time, Access, httpx.AsyncClient]:
    await own.provide()
    await own.route()
    now = Time()
    access = Access(read_file(own.settings().issuers, IssuersFile).issuers, now=now, elapsed=now)
    return now, access, await own.start(access=access)


async def status(client: httpx.AsyncClient, headers: dict[str, str]) -> int:
    return (await client.get("/v1/training/x", headers=headers)).status_code


async def test_while_an_issuer_is_down_its_valid_tokens_are_kept_and_forged_ones_refused(own: Any) -> None:
    now, _, client = await clocked(own)
    valid = own.as_("chef@lille")
    assert await status(client, valid) == 200
    await own.provider_down()

    for _ in range(20):  # ten minutes, half a minute each
        now.at += 30
        assert await status(client, valid) == 200
        assert await status(client, forged(own)) == 401


async def test_an_issuer_that_was_never_reached_is_said_to_be_unavailable(own: Any) -> None:
    _, _, client = await clocked(own)
    token = own.as_("chef@lille")
    await own.provider_down()

    answer = await client.get("/v1/training/x", headers=token)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")


async def test_a_rotation_is_noticed_and_tokens_of_the_key_before_stay_good(own: Any) -> None:
    now, _, client = await clocked(own)
    before = own.as_("chef@lille")
    assert await status(client, before) == 200

    own.provider.issuers["lille"].rotate()
    after = own.as_("chef@lille")
    assert await status(client, after) == 401  # within 30 s of the last fetch: an unknown key is asked for only once
    now.at += 31

    assert await status(client, after) == 200
    assert await status(client, before) == 200
    own.provider.issuers["lille"].rotate()
    now.at += 31
    assert await status(client, own.as_("chef@lille")) == 200
    assert await status(client, before) == 401


async def test_a_token_that_was_verified_ends_with_its_own_end(own: Any) -> None:
    now, _, client = await clocked(own)
    token = own.as_("chef@lille", exp=int(now.at) + 10)
    assert await status(client, token) == 200

    now.at += 9
    assert await status(client, token) == 200
    now.at += 1
    assert await status(client, token) == 401


async def test_a_flood_of_unknown_keys_is_one_fetch(own: Any) -> None:
    _, _, client = await clocked(own)

    answers = await asyncio.gather(*(status(client, forged(own, f"kid-{number}")) for number in range(50)))

    assert set(answers) == {401}
    assert own.asked["/lille/jwks"] == 1
