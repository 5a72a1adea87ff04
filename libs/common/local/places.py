"""Where a local run keeps its things: in the clone, except what `nobody` must be able to read."""

import hashlib
import os
from pathlib import Path

from common.local.trouble import Trouble

ROOT = Path(__file__).resolve().parents[3]
STATE = Path(os.environ.get("BASSIN_STATE") or ROOT / ".bassin")  # tests of the demo have a directory of their own
CLOCK = STATE / "clock"  # the time that a demo lives in, where it is another than ours
PLAYING = STATE / "playing"  # there while the letter is played: it cannot be played on from its middle
CERTIFICATES = "certificate-keys.json"  # in it: the keys that sign attestations
PARTS_LOCK = ROOT / "requirements" / "parts.lock"


def cache() -> Path:
    """Downloaded parts, shared by all clones of this person."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bassin"


def postgres_home() -> Path:
    """PostgreSQL refuses root, so as root it runs as `nobody`, and the clone may lie under a closed home."""
    if os.geteuid() != 0:
        STATE.mkdir(exist_ok=True)
        return STATE
    home = Path("/var/tmp") / f"bassin-{hashlib.sha256(os.fsencode(STATE)).hexdigest()[:12]}"  # noqa: S108 - checked below
    home.mkdir(mode=0o755, exist_ok=True)
    facts = home.lstat()
    if facts.st_uid != 0 or facts.st_mode & 0o022 or home.is_symlink():
        raise Trouble(f"{home} belongs to somebody else: remove it")
    return home
