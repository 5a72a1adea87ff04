"""Whose word a token is and which mandates it gives; the académie is its issuer's, whatever the client says."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
import structlog
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry
from msgspec import Struct

from common.identifiers import CodeBassin, Uai
from common.identity import Agent, Mandate
from common.tokens import Elapsed, FetchedKeys, Keys, Remembered, Unauthenticated, digest, fetch, verified_payload
from gateway.settings import Issuer, MandateRule

REUSED = 30  # seconds
AHEAD = 5  # seconds by which an issuer's clock may be ahead of ours

ANY = JWSRegistry(strict_check_header=False)
log = structlog.get_logger()


class Registered(Struct, frozen=True):
    """The claims every token must have, whoever issues it."""

    iss: str
    sub: str
    aud: str | list[str]
    exp: float
    nbf: float = 0.0


class Access:
    """The issuers this deployment believes."""

    def __init__(
        self,
        issuers: Iterable[Issuer],
        *,
        keys: Callable[[Issuer], Keys] | None = None,
        now: Callable[[], float] = time.time,
        elapsed: Elapsed = time.monotonic,
    ) -> None:
        source = keys or (lambda issuer: FetchedKeys(discovery(issuer), elapsed=elapsed))
        self._doors = {issuer.url: Door(issuer, source(issuer)) for issuer in issuers}
        self._now = now
        self._known: Remembered[bytes, Agent] = Remembered(elapsed=elapsed)

    async def agent(self, token: str) -> Agent:
        mark = digest(token)
        known = self._known.get(mark)
        if known is not None:
            return known
        door = self._doors.get(_claimed_issuer(token))
        if door is None:
            raise Unauthenticated("L’émetteur du jeton n’est pas reconnu ici.")
        claims, agent = await door.admit(token)
        left = claims.exp - self._now()
        if left <= 0 or claims.nbf > self._now() + AHEAD:
            raise Unauthenticated("Le jeton est expiré, ou pas encore valable.")
        return self._known.put(mark, agent, seconds=min(REUSED, left))


class Door:
    """One issuer: its keys and what its claims mean."""

    def __init__(self, issuer: Issuer, keys: Keys) -> None:
        self._issuer = issuer
        self._keys = keys
        # Header parameters that nobody asked us to understand are ignored (RFC 7515), `crit` excepted.
        self._registry = JWSRegistry(algorithms=list(issuer.algorithms), strict_check_header=False)
        self._rules = [(rule, re.compile(rule.pattern)) for rule in issuer.mandates]

    async def admit(self, token: str) -> tuple[Registered, Agent]:
        payload = await verified_payload(token, self._keys, self._registry)
        try:
            registered = msgspec.json.decode(payload, type=Registered)
            claims = msgspec.json.decode(payload, type=dict[str, Any])
        except msgspec.DecodeError as malformed:
            raise Unauthenticated("Le jeton ne contient pas ce qu’un jeton d’accès doit contenir.") from malformed
        audiences = [registered.aud] if isinstance(registered.aud, str) else registered.aud
        if registered.iss != self._issuer.url or self._issuer.audience not in audiences:
            raise Unauthenticated("Le jeton s’adresse à une autre application.")
        return registered, self._agent(registered, claims)

    def _agent(self, registered: Registered, claims: Mapping[str, Any]) -> Agent:
        issuer = self._issuer
        mail = claims.get(issuer.mail_claim)
        verified = claims.get(issuer.mail_verified_claim) is True
        name = claims.get(issuer.name_claim)
        return Agent(
            id=agent_id(registered.iss, registered.sub),
            academie=issuer.academie,
            mandates=tuple(dict.fromkeys(self._mandates(claims))),
            name=name if isinstance(name, str) else "",
            mail=mail if verified and isinstance(mail, str) else None,
        )

    def _mandates(self, claims: Mapping[str, Any]) -> Iterator[Mandate]:
        for rule, pattern in self._rules:
            if any(value not in _texts(claims.get(claim)) for claim, value in rule.where.items()):
                continue
            for text in _texts(claims.get(rule.claim)):
                found = pattern.fullmatch(text)
                mandate = found and self._mandate(rule, found.groupdict())
                if mandate:
                    yield mandate

    def _mandate(self, rule: MandateRule, place: Mapping[str, str | None]) -> Mandate | None:
        uai, bassin = place.get("uai"), place.get("bassin")
        try:
            return Mandate(
                role=rule.role,
                academie=self._issuer.academie,
                uai=Uai.mend(uai)[0] if uai else None,
                bassin=CodeBassin(bassin) if bassin else None,
            )
        except ValueError as wrong:  # the issuer vouched for the person all the same: one mandate less, and a line
            log.warning("mandate_ignored", academie=self._issuer.academie, role=rule.role, reason=str(wrong))
            return None


def agent_id(issuer: str, subject: str) -> UUID:
    """The same person, the same id, for as long as the issuer keeps its subject."""
    return uuid5(NAMESPACE_URL, f"{issuer}#{subject}")


def discovery(issuer: Issuer) -> Callable[[], Any]:
    """Read the issuer's keys where its discovery document says they are (OpenID Connect Discovery 1.0)."""

    async def load() -> bytes:
        document = msgspec.json.decode(
            await fetch(f"{issuer.url.rstrip('/')}/.well-known/openid-configuration"), type=Discovered
        )
        if document.issuer != issuer.url or urlsplit(document.jwks_uri).scheme != urlsplit(issuer.url).scheme:
            raise ValueError("the discovery document speaks of another issuer")
        return await fetch(document.jwks_uri)

    return load


class Discovered(Struct, frozen=True):
    issuer: str
    jwks_uri: str


def _claimed_issuer(token: str) -> str:
    """Which issuer a token names, to know whose keys must have signed it."""
    try:
        payload = jws.extract_compact(token.encode(), None, ANY).payload or b""
        return msgspec.json.decode(payload, type=Claimed).iss
    except (JoseError, ValueError, TypeError) as malformed:
        raise Unauthenticated("Le jeton est mal formé.") from malformed


class Claimed(Struct, frozen=True):
    iss: str


def _texts(value: object) -> list[str]:
    """A claim as académies deliver it: absent, one text, or several."""
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str)]
