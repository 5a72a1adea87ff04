"""The CloudEvents headers of a record, read without trusting them: any producer can write anything to a topic."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec
from msgspec import Struct

Headers: TypeAlias = Sequence[tuple[str, bytes | None]]


class Envelope(Struct, frozen=True, kw_only=True):
    """What the inbox needs of the headers; see architecture, "Events"."""

    id: UUID
    type: str
    subject: UUID
    version: int
    academie: str
    academies: tuple[str, ...]
    source: str
    time: datetime
    correlation: str
    causation: str | None
    traceparent: str | None


class Unreadable(ValueError):
    """The headers do not say which subject and version the record is about."""


def read(headers: Headers) -> Envelope:
    """Read the envelope; headers beside the CloudEvents ones are ignored, `reply_to` included.

    Raises:
        Unreadable: one is missing, null, repeated with another value, not UTF-8 or not what it should be.
    """
    try:
        return _envelope(_texts(headers))
    except KeyError as missing:
        raise Unreadable(f"{missing.args[0]} is missing") from None
    except ValueError as error:
        raise Unreadable(str(error)) from None


def _texts(headers: Headers) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        if name[:3] == "ce_" or name == "traceparent":
            if value is None:
                raise Unreadable(f"{name} is null")
            text = value.decode()
            if name in found and found[name] != text:
                raise Unreadable(f"{name} is there twice")
            found[name] = text
    return found


def _envelope(found: dict[str, str]) -> Envelope:
    version = int(found["ce_aggregateversion"])
    if not 1 <= version < 2**62:
        raise Unreadable(f"ce_aggregateversion is {version}")
    academie = found["ce_academie"]
    time = msgspec.convert(found["ce_time"], datetime)
    if time.tzinfo is None:
        raise Unreadable("ce_time has no time zone")
    return Envelope(
        id=msgspec.convert(found["ce_id"], UUID),
        type=found["ce_type"],
        subject=msgspec.convert(found["ce_subject"], UUID),
        version=version,
        academie=academie,
        academies=tuple(found.get("ce_academies", academie).split(",")),
        source=found["ce_source"],
        time=time,
        correlation=found.get("ce_correlationid", found["ce_id"]),
        causation=found.get("ce_causationid"),
        traceparent=found.get("traceparent"),
    )
