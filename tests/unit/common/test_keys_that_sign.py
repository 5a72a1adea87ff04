"""The gateway's key file: one signs, the next is known before it signs, the previous is believed a while longer."""

import stat
from pathlib import Path

import msgspec
import pytest

from common.signing_keys import LOOK_AGAIN, SigningKeys, create_keys, rotate_keys


class Time:
    at = 0.0

    def __call__(self) -> float:
        return self.at


def published(keys: SigningKeys) -> list[str]:
    return [key["kid"] for key in msgspec.json.decode(keys.published())["keys"]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    create_keys(tmp_path / "keys.json")
    return tmp_path / "keys.json"


def test_a_rotation_surprises_nobody(file: Path) -> None:
    time = Time()
    keys = SigningKeys(file, elapsed=time)
    before, signed = published(keys), keys.current().kid

    rotate_keys(file)
    assert keys.current().kid == signed
    time.at += LOOK_AGAIN
    now = keys.current().kid

    assert now != signed
    assert now in before
    assert signed in published(keys)
    assert set(before) <= set(published(keys))


def test_a_key_is_forgotten_two_rotations_later(file: Path) -> None:
    first = SigningKeys(file).current().kid

    rotate_keys(file)
    rotate_keys(file)

    assert first not in published(SigningKeys(file))
    assert len(published(SigningKeys(file))) == 3


def test_a_key_of_attestations_is_never_forgotten(file: Path) -> None:
    first = SigningKeys(file).current().kid

    for _ in range(4):
        rotate_keys(file, keep_all=True)

    assert first in published(SigningKeys(file))
    assert len(published(SigningKeys(file))) == 6


def test_only_its_owner_reads_the_file(file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    rotate_keys(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_published_signs_nothing(file: Path) -> None:
    for key in msgspec.json.decode(SigningKeys(file).published())["keys"]:
        assert "d" not in key


def test_one_key_is_not_enough(file: Path) -> None:
    keys = msgspec.json.decode(file.read_bytes())["keys"]
    file.write_bytes(msgspec.json.encode({"keys": keys[:1]}))

    with pytest.raises(ValueError, match="two private keys"):
        SigningKeys(file)


def test_a_file_that_is_being_replaced_wrongly_does_not_stop_the_signing(file: Path) -> None:
    time = Time()
    keys = SigningKeys(file, elapsed=time)
    signed = keys.current().kid

    file.write_text("{")
    time.at += LOOK_AGAIN

    assert keys.current().kid == signed
