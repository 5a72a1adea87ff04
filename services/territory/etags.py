"""Tells a reader that nothing changed since, and a writer that somebody else changed it."""

import hashlib

from msgspec import Struct

from common.tx import ENCODER


def etag(body: Struct) -> str:
    """The same for the same content, and for no other."""
    return f'"{hashlib.sha256(ENCODER.encode(body)).hexdigest()[:32]}"'
