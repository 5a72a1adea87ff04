"""`bassin keys`: the file by which the gateway signs, which no service sees, and that of attestations."""

from pathlib import Path

from cyclopts import App

from common.local.trouble import Trouble
from common.signing_keys import NoPair, create_keys, rotate_keys

app = App(
    name="keys", help="The keys that sign: BASSIN_SIGNING_KEYS of the gateway, BASSIN_CERTIFICATE_KEYS of attestations."
)


@app.command
def create(file: Path) -> int:
    """Write a first pair of keys into FILE, which must not exist."""
    if file.exists():
        raise Trouble(f"{file} exists: bassin keys rotate {file}")
    try:
        create_keys(file)
    except OSError as wrong:
        raise Trouble(f"{file} cannot be written ({wrong.strerror}): name a file in a directory of yours") from wrong
    return 0


@app.command
def rotate(file: Path, *, keep_all: bool = False) -> int:
    """Let the next key of FILE sign. Running gateways follow within 5 s; wait 10 minutes before the next rotation.

    Parameters
    ----------
    keep_all
        Keep each that ever signed: for BASSIN_CERTIFICATE_KEYS, whose attestations are verified for years.
    """
    try:
        rotate_keys(file, keep_all=keep_all)
    except FileNotFoundError as absent:
        raise Trouble(f"{file} does not exist: bassin keys create {file}") from absent
    except (OSError, NoPair) as wrong:
        raise Trouble(f"{file} holds no pair of keys ({wrong}): bassin keys create ANOTHER_FILE") from wrong
    return 0
