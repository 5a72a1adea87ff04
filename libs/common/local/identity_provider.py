"""A small OIDC provider for demo and tests: no password, fictional people, loopback only; never deployed."""

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, KeyParameters, KeySet, RSAKey
from litestar import Controller, Litestar, get, post
from litestar.di import NamedDependency, Provide
from litestar.enums import RequestEncodingType
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import Body, FromPath
from msgspec import Struct

from common.local.accounts import DEMO_ISSUERS, DemoIssuer, find, issuer_of, people
from common.uuid7 import uuid7

LIFETIME = 8 * 3600  # seconds: a day of trying things out
AUDIENCE = "bassin"


class SigningIssuer:
    """One issuer's keys: the last signs, the one before is still published."""

    def __init__(self, issuer: DemoIssuer, url: str) -> None:
        self.issuer = issuer
        self.url = url
        self.keys = [self._new_key()]

    def _new_key(self) -> RSAKey | ECKey:
        parameters: KeyParameters = {"kid": str(uuid7()), "use": "sig", "alg": self.issuer.algorithm}
        if self.issuer.algorithm.startswith("ES"):
            return ECKey.generate_key("P-256", parameters)
        return RSAKey.generate_key(2048, parameters)

    def rotate(self) -> None:
        self.keys = [self.keys[-1], self._new_key()]

    def jwks(self) -> dict[str, Any]:
        return dict(KeySet(list(self.keys)).as_dict(private=False))

    def sign(self, claims: Mapping[str, Any]) -> str:
        key = self.keys[-1]
        header = {"alg": self.issuer.algorithm, "kid": key.kid, "typ": "at+jwt"}
        return jwt.encode(header, dict(claims), key, algorithms=[self.issuer.algorithm])


class IdentityProvider:
    """Every issuer of the demo, under one address."""

    def __init__(
        self,
        base: str,
        issuers: Iterable[DemoIssuer] = DEMO_ISSUERS,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.base = base
        self.issuers = {issuer.name: SigningIssuer(issuer, f"{base}/{issuer.name}") for issuer in issuers}
        self._now = now

    def issuer(self, name: str) -> SigningIssuer:
        if name not in self.issuers:
            raise NotFoundException(f"no issuer {name}")
        return self.issuers[name]

    def token(self, account: str, **changed: Any) -> str:
        """An access token; claims given as None are left out."""
        person = find(account)
        if person is None:
            raise LookupError(f"no account {account}: try one of {', '.join(self.accounts())}")
        issuer = self.issuer(issuer_of(person.account))
        now = int(self._now())
        claims = {"iss": issuer.url, "aud": AUDIENCE, "iat": now, "exp": now + LIFETIME}
        claims |= issuer.issuer.claims(person) | changed
        return issuer.sign({name: value for name, value in claims.items() if value is not None})

    def accounts(self) -> list[str]:
        return [person.account for name in self.issuers for person in people(name)]


class Ask(Struct):
    """client_credentials without a secret: the client is the demo account."""

    client_id: str
    grant_type: str = "client_credentials"


class Endpoints(Controller):
    path = "/{name:str}"

    @get("/.well-known/openid-configuration", sync_to_thread=False)
    def discovery(self, name: FromPath[str], provider: NamedDependency[IdentityProvider]) -> dict[str, Any]:
        url = provider.issuer(name).url
        return {
            "issuer": url,
            "jwks_uri": f"{url}/jwks",
            "token_endpoint": f"{url}/token",
            "grant_types_supported": ["client_credentials"],
            "id_token_signing_alg_values_supported": [provider.issuer(name).issuer.algorithm],
        }

    @get("/jwks", sync_to_thread=False)
    def jwks(self, name: FromPath[str], provider: NamedDependency[IdentityProvider]) -> dict[str, Any]:
        return provider.issuer(name).jwks()

    @post("/token", status_code=200, sync_to_thread=False)
    def token(
        self,
        name: FromPath[str],
        data: Annotated[Ask, Body(media_type=RequestEncodingType.URL_ENCODED)],
        provider: NamedDependency[IdentityProvider],
    ) -> dict[str, Any]:
        account = data.client_id if "@" in data.client_id else f"{data.client_id}@{name}"
        if issuer_of(account) != name:
            raise HTTPException(status_code=400, detail=f"{account} is not an account of {name}")
        try:
            token = provider.token(account)
        except (LookupError, ValueError) as unknown:
            raise HTTPException(status_code=400, detail=str(unknown)) from unknown
        return {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME}

    @post("/rotate", status_code=200, sync_to_thread=False)
    def rotate(self, name: FromPath[str], provider: NamedDependency[IdentityProvider]) -> dict[str, Any]:
        provider.issuer(name).rotate()
        return provider.issuer(name).jwks()


@get("/", sync_to_thread=False)
def accounts(provider: NamedDependency[IdentityProvider]) -> list[str]:
    return provider.accounts()


def app(provider: IdentityProvider) -> Litestar:
    return Litestar(
        [Endpoints, accounts],
        dependencies={"provider": Provide(lambda: provider, sync_to_thread=False)},
        openapi_config=None,
        debug=False,
    )


def issuers_toml(base: str) -> str:
    """The gateway's BASSIN_ISSUERS for a provider at this address."""
    return Path(__file__).with_name("issuers.toml").read_text("utf-8").replace("{base}", base)


def run(port: int, base: str = "", host: str = "127.0.0.1") -> None:
    """Serve the demo's issuers until ended; `base` is the address by which the gateway finds them."""
    provider = IdentityProvider(base or f"http://{host}:{port}")
    uvicorn.run(app(provider), host=host, port=port, log_level="warning", access_log=False, ws="none")


if __name__ == "__main__":
    run(int(sys.argv[1]), *sys.argv[2:])
