"""The gateway's word to a service on who asks; services believe nothing else."""

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
from joserfc import jws
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry
from litestar.connection import ASGIConnection
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult, DefineMiddleware
from litestar.types import ASGIApp
from msgspec import Struct

from common.identifiers import CodeAcademie, dec_hook, enc_hook
from common.identity import Agent, Mandate
from common.tokens import Elapsed, FixedKeys, Keys, Remembered, Unauthenticated, digest, verified_payload

ISSUER = "bassin-gateway"
LIFETIME = 60  # seconds
REUSED = 30  # seconds during which a token is signed, or verified, only once
ALGORITHMS = JWSRegistry(algorithms=["ES256"])


class Claims(Struct, frozen=True, kw_only=True):
    iss: str
    aud: str
    sub: UUID
    iat: int
    exp: int
    academie: CodeAcademie
    mandates: tuple[Mandate, ...] = ()
    name: str = ""
    mail: str | None = None


class InternalTokens:
    """The gateway gives its signing key and signs; a service gives the gateway's public keys and verifies."""

    def __init__(
        self,
        keys: Keys | None = None,
        *,
        signing: Callable[[], Key] | None = None,
        now: Callable[[], float] = time.time,
        elapsed: Elapsed = time.monotonic,
    ) -> None:
        self._keys = keys or FixedKeys({})
        self._signing = signing
        self._now = now
        self._signed: Remembered[tuple[Agent, str], tuple[str, float]] = Remembered(elapsed=elapsed)
        self._verified: Remembered[bytes, Agent] = Remembered(elapsed=elapsed)

    def sign(self, agent: Agent, audience: str) -> str:
        """Anew also after our clock was put right: a token of before would be believed for too short or too long."""
        known, signed_at = self._signed.get((agent, audience)) or ("", 0.0)
        if known and 0 <= self._now() - signed_at <= REUSED:
            return known
        token = self._sign(agent, audience)
        self._signed.put((agent, audience), (token, self._now()), seconds=REUSED)
        return token

    def _sign(self, agent: Agent, audience: str) -> str:
        if self._signing is None:
            raise RuntimeError("only the gateway signs")
        key, now = self._signing(), int(self._now())
        claims = Claims(
            iss=ISSUER,
            aud=audience,
            sub=agent.id,
            iat=now,
            exp=now + LIFETIME,
            academie=agent.academie,
            mandates=agent.mandates,
            name=agent.name,
            mail=agent.mail,
        )
        header = {"alg": "ES256", "kid": key.kid}
        return jws.serialize_compact(header, msgspec.json.encode(claims, enc_hook=enc_hook), key, registry=ALGORITHMS)

    async def verify(self, token: str, audience: str) -> Agent:
        """The agent a token speaks of, or Unauthenticated."""
        mark = digest(audience, token)
        known = self._verified.get(mark)
        if known is not None:
            return known
        claims = _claims(await verified_payload(token, self._keys, ALGORITHMS))
        left = claims.exp - self._now()
        if claims.iss != ISSUER or claims.aud != audience or left <= 0:
            raise Unauthenticated("Le jeton interne est expiré ou s’adresse à un autre service.")
        agent = Agent(
            id=claims.sub, academie=claims.academie, mandates=claims.mandates, name=claims.name, mail=claims.mail
        )
        return self._verified.put(mark, agent, seconds=min(REUSED, left))


def _claims(payload: bytes) -> Claims:
    try:
        return msgspec.json.decode(payload, type=Claims, dec_hook=dec_hook)
    except (msgspec.DecodeError, ValueError) as malformed:
        raise Unauthenticated("Le jeton interne est mal formé.") from malformed


def bearer(authorization: str | None) -> str:
    """The token of an Authorization header."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("La demande ne porte pas de jeton d’accès (Authorization: Bearer …).")
    return token.strip()


class Authentication(AbstractAuthenticationMiddleware):
    """Every route of a service asks who calls, except those with the option `public`: they say nothing of anyone."""

    def __init__(self, app: ASGIApp, *, tokens: InternalTokens, audience: str) -> None:
        super().__init__(app, exclude_from_auth_key="public", exclude_http_methods=())
        self._tokens = tokens
        self._audience = audience

    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        token = bearer(connection.headers.get("authorization"))
        return AuthenticationResult(user=await self._tokens.verify(token, self._audience), auth=None)


def authentication(tokens: InternalTokens, audience: str) -> DefineMiddleware:
    return DefineMiddleware(Authentication, tokens=tokens, audience=audience)
