"""What the operator decides for the gateway: who may vouch for people, where the services are, how much one may ask."""

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import Meta, Struct

from common.identifiers import CodeAcademie, dec_hook
from common.identity import Role
from common.settings import Port, SettingsError
from common.signing_keys import NoPair, SigningKeys

T = TypeVar("T")
FORWARDED = re.compile(r"/v1(/.*)?")
PAGE = re.compile(r"/(?!v1(/|$))[a-z][a-z0-9./-]*")
Rate = Annotated[float, Meta(gt=0)]


class GatewaySettings(Struct, frozen=True, kw_only=True):
    service: str = "gateway"
    issuers: Path  # BASSIN_ISSUERS: TOML or JSON, see IssuersFile
    routes: Path  # BASSIN_ROUTES: TOML or JSON, see RoutesFile
    signing_keys: Path  # `bassin keys create`; the replicas share it
    public_url: str = ""  # as people reach it; its certificate is watched if it is https
    http_host: str = "127.0.0.1"
    http_port: Port = 8080
    rate_per_subject: Rate = 20  # requests a second, in the long run
    burst_per_subject: Rate = 100
    rate_per_academie: Rate = 1000
    burst_per_academie: Rate = 2000
    in_flight_per_academie: Annotated[int, Meta(ge=1)] = 128
    drain_seconds: Annotated[float, Meta(ge=0)] = 20
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def read_files(self) -> "Files":
        """What the files say, or a SettingsError with one line for each that will not do."""
        wrong: list[str] = []
        issuers = _told(wrong, "ISSUERS", lambda: read_file(self.issuers, IssuersFile).issuers)
        routes = _told(wrong, "ROUTES", lambda: read_file(self.routes, RoutesFile).routes)
        keys = _told(wrong, "SIGNING_KEYS", lambda: read_keys(self.signing_keys))
        if issuers is None or routes is None or keys is None:
            raise SettingsError(wrong)
        return Files(issuers, routes, keys)


class MandateRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Each value of the claim that the pattern matches whole gives a mandate; its groups uai and bassin place it."""

    claim: str
    pattern: str
    role: Role
    where: dict[str, str] = {}  # other claims that must hold these values too

    def __post_init__(self) -> None:
        try:
            groups = re.compile(self.pattern).groupindex.keys()
        except re.error as wrong:
            raise ValueError(f"pattern {self.pattern!r}: {wrong}") from wrong
        if unknown := groups - {"uai", "bassin"}:
            raise ValueError(f"pattern {self.pattern!r}: no group but uai and bassin places a mandate: {unknown}")


class Issuer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An académie's OIDC provider. What it signs is believed for this académie and for no other."""

    url: str
    academie: CodeAcademie
    audience: str
    mandates: tuple[MandateRule, ...]
    name_claim: str = "name"
    mail_claim: str = "email"
    mail_verified_claim: str = "email_verified"
    algorithms: tuple[Literal["RS256", "PS256", "ES256", "EdDSA"], ...] = ("RS256", "ES256")


class IssuersFile(Struct, frozen=True, forbid_unknown_fields=True):
    issuers: tuple[Issuer, ...]

    def __post_init__(self) -> None:
        _once([issuer.url for issuer in self.issuers], "issuer")


class Route(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Paths that a service answers; the longest prefix wins."""

    service: str  # hr_networks: the audience of its tokens
    url: str
    prefix: str = ""  # by default /v1/hr-networks
    public: bool = False  # a page that anybody may read: no token is asked for, and none is passed on
    largest_body: int = 1024 * 1024
    read_seconds: float = 30.0

    def __post_init__(self) -> None:
        """So that no line of configuration can open to everybody what the services keep for agents."""
        if not (PAGE if self.public else FORWARDED).fullmatch(self.path):
            raise ValueError(f"prefix {self.path!r}: a public page has its own, all else is under /v1")

    @property
    def path(self) -> str:
        return (self.prefix or f"/v1/{self.service.replace('_', '-')}").rstrip("/")


class RoutesFile(Struct, frozen=True, forbid_unknown_fields=True):
    routes: tuple[Route, ...]

    def __post_init__(self) -> None:
        _once([route.path for route in self.routes], "route")


def _once(names: Sequence[str], what: str) -> None:
    """Of two that are called alike one would never be heard."""
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise ValueError(f"{what} {twice[0]} is there twice")


class Files(NamedTuple):
    issuers: tuple[Issuer, ...]
    routes: tuple[Route, ...]
    keys: SigningKeys


def read_file(file: Path, kind: type[T]) -> T:
    """A configuration file, or one line that says what is wrong in it."""
    try:
        text = file.read_text("utf-8")
        data = tomllib.loads(text) if file.suffix == ".toml" else msgspec.json.decode(text)
        return msgspec.convert(data, kind, dec_hook=dec_hook)
    except OSError as unreadable:
        raise SettingsError([f"{file}: {unreadable.strerror}"]) from unreadable
    except ValueError as wrong:
        raise SettingsError([f"{file.name}: {wrong}"]) from wrong


def read_keys(file: Path) -> SigningKeys:
    try:
        return SigningKeys(file)
    except OSError as unreadable:
        raise SettingsError([f"{file}: {unreadable.strerror}: bassin keys create {file}"]) from unreadable
    except NoPair as wrong:
        raise SettingsError([f"{wrong}: bassin keys create ANOTHER_FILE"]) from wrong


def _told(wrong: list[str], variable: str, look: Callable[[], T]) -> T | None:
    try:
        return look()
    except SettingsError as error:
        wrong += [f"BASSIN_{variable}: {line}" for line in error.lines]
        return None
