"""Keys of the gateway and of attestations: one signs, the next is published already, the previous is believed."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from common.tokens import Jwks
from common.uuid7 import uuid7

LIKE_OURS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")  # a UUIDv7
LOOK_AGAIN = 5.0  # seconds; replicas share the file, a rotation reaches them all within this time
KEPT = 3
log = structlog.get_logger()


class NoPair(ValueError):
    """The file is no pair of signing keys."""


def create_keys(file: Path) -> None:
    """Write a first pair of keys, readable by their owner only."""
    _write(file, [_new_key(), _new_key()])


def rotate_keys(file: Path, *, keep_all: bool = False) -> None:
    """The published next key signs from now on, a new next one is published, the one that signed is kept once.

    `keep_all`: each that ever signed stays published, for what is verified years later.

    Raises:
        NoPair: the file holds anything else; it is left as it is.
    """
    load_keys(file)
    signing, following, *older = _read(file)
    keys = [following, _new_key(), signing, *older]
    _write(file, keys if keep_all else keys[:KEPT])


def _new_key() -> dict[str, Any]:
    key = ECKey.generate_key("P-256", {"kid": str(uuid7()), "alg": "ES256", "use": "sig"}, private=True)
    return dict(key.as_dict(private=True))


def _read(file: Path) -> list[dict[str, Any]]:
    return msgspec.json.decode(file.read_bytes(), type=Jwks).keys


def load_keys(file: Path) -> list[ECKey]:
    """The keys of the file, the one that signs first.

    Raises:
        NoPair: it does not hold two private keys with a kid.
    """
    try:
        keys = [ECKey.import_key(data) for data in _read(file)]
    except (ValueError, TypeError, KeyError, JoseError) as wrong:
        raise NoPair(f"{file.name}: {wrong}") from wrong
    if len(keys) < 2 or not all(key.kid and key.is_private for key in keys):
        raise NoPair(f"{file.name}: two private keys with a kid are needed, one to follow the other")
    return keys


def _write(file: Path, keys: list[dict[str, Any]]) -> None:
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(msgspec.json.encode({"keys": keys}))
    draft.replace(file)


class SigningKeys:
    """The key file, read again when it changed."""

    def __init__(self, file: Path, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._elapsed = elapsed
        self._looked_at = elapsed()
        self._changed_at = file.stat().st_mtime_ns
        self._keys = load_keys(file)

    def _present(self) -> list[ECKey]:
        if self._elapsed() - self._looked_at >= LOOK_AGAIN:
            self._looked_at = self._elapsed()
            try:
                self._follow_the_file()
            except (OSError, NoPair) as wrong:
                log.error("signing_keys_not_read", reason=type(wrong).__name__)  # those we have still sign
        return self._keys

    def _follow_the_file(self) -> None:
        changed_at = self._file.stat().st_mtime_ns
        if changed_at != self._changed_at:
            self._keys, self._changed_at = load_keys(self._file), changed_at

    def current(self) -> ECKey:
        return self._present()[0]

    def rotated_at(self) -> float:
        """When the key that follows was drawn, in seconds since 1970; a file we did not write says it by its own age.

        A mounted secret is as old as its pod: what our keys are called is a better witness.
        """
        kid = str(self._present()[1].kid)
        drawn = UUID(kid) if LIKE_OURS.fullmatch(kid) else None
        return self._changed_at / 1e9 if drawn is None else (drawn.int >> 80) / 1000

    def published(self) -> bytes:
        """The public halves, as a JWKS."""
        return msgspec.json.encode(KeySet(list(self._present())).as_dict(private=False))
