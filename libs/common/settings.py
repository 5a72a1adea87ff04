"""What the environment decides, read once and refused at start: a wrong setting must not wait for its first use."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from common.identifiers import CodeAcademie, Identifier

PREFIX = "BASSIN_"
API = "http://127.0.0.1:8080"
Secret = Annotated[str, Meta(extra={"secret": True})]
Port = Annotated[int, Meta(ge=0, le=65535)]
S = TypeVar("S", bound=Struct)


class SettingsError(Exception):
    """Every wrong setting, one line each."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Settings(Struct, frozen=True, kw_only=True):
    """One service's settings; http_port is BASSIN_HTTP_PORT, or BASSIN_HTTP_PORT_FILE names a file that holds it."""

    service: str
    academies: tuple[CodeAcademie, ...]  # served here: BASSIN_ACADEMIES=09,20
    database_url: Secret  # as role app
    relay_database_url: Secret  # as role relay
    kafka: str  # bootstrap servers
    gateway_jwks_url: str
    http_host: str = "127.0.0.1"
    http_port: Port = 8000
    public_url: str = API  # the gateway, as people see it: links in mails and papers
    smtp_url: Secret | None = None  # without it no mail leaves
    mail_from: str = ""
    numen_key: Secret | None = None
    certificate_keys: Path | None = None  # `bassin keys create`: signs what anybody may verify, where a service does
    clock_file: Path | None = None
    partitions: Annotated[int, Meta(ge=1)] = 12
    outbox_bound_seconds: Annotated[float, Meta(gt=0)] = 600
    drain_seconds: Annotated[float, Meta(ge=0)] = 20
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def __post_init__(self) -> None:
        if not self.academies:
            raise ValueError("BASSIN_ACADEMIES names no académie")
        if self.smtp_url and not self.mail_from:
            raise ValueError("BASSIN_MAIL_FROM is missing: BASSIN_SMTP_URL is set")
        if self.numen_key is not None and len(self.numen_key.encode()) < 32:
            raise ValueError("BASSIN_NUMEN_KEY must have 32 bytes or more")

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={value}' for name, value in shown(self).items())})"

    def __rich_repr__(self) -> Any:
        yield from shown(self).items()


def read(kind: type[S], environ: Mapping[str, str], **given: str) -> S:
    """Read every field of a frozen Struct from the environment; `given` fields are not looked up."""
    found: dict[str, object] = {}
    wrong: list[str] = []
    for field in msgspec.structs.fields(kind):
        try:
            text = given.get(field.name) or lookup(environ, field.name)
            if text is not None:
                found[field.name] = convert(text, field.type)
            elif field.required:
                wrong.append(f"{PREFIX}{field.name.upper()} is missing")
        except (ValueError, OSError) as error:
            wrong.append(f"{PREFIX}{field.name.upper()}: {error}")
    if wrong:
        raise SettingsError(wrong)
    try:
        return kind(**found)
    except ValueError as error:
        raise SettingsError(str(error).splitlines()) from error


def lookup(environ: Mapping[str, str], name: str) -> str | None:
    """An empty variable is an absent one, as compose files write it."""
    variable = PREFIX + name.upper()
    value, file = environ.get(variable), environ.get(f"{variable}_FILE")
    if value and file:
        raise ValueError(f"both {variable} and {variable}_FILE are set")
    return Path(file).read_text("utf-8").strip() if file else value or None


def convert(text: str, kind: Any) -> object:
    value: object = [part.strip() for part in text.split(",") if part.strip()] if _holds_many(kind) else text
    return msgspec.convert(value, kind, strict=False, dec_hook=_custom)


def shown(settings: Struct) -> dict[str, str]:
    """What may be printed: secrets as ***, addresses without their password."""
    return {
        field.name: _redacted(getattr(settings, field.name), secret=is_secret(field.type))
        for field in msgspec.structs.fields(settings)
    }


def is_secret(kind: Any) -> bool:
    if get_origin(kind) is Annotated:
        return any(isinstance(meta, Meta) and (meta.extra or {}).get("secret") for meta in get_args(kind)[1:])
    return any(is_secret(part) for part in get_args(kind))


def _holds_many(kind: Any) -> bool:
    return get_origin(kind) in (tuple, list, frozenset) or any(_holds_many(part) for part in get_args(kind))


def _redacted(value: object, *, secret: bool) -> str:
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value)
    text = "" if value is None else str(value)
    if secret and "://" not in text:
        return "***" if text else ""
    return re.sub(r"(?<=://).*@|(?<=\?).*", lambda part: "***@" if part[0].endswith("@") else "***", text)


def _custom(kind: type, value: Any) -> object:
    if issubclass(kind, Identifier) and not kind.is_valid(value):
        raise ValueError(f"{value!r} is not a valid {kind.code} code, as {kind.example}")
    if issubclass(kind, (Path, Identifier)):
        return kind(value)
    raise NotImplementedError(f"no reader for {kind.__qualname__}")
