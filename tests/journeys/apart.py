"""A journey on a platform of its own, in a process of its own: what broke, and its figures."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from common.local.places import ROOT, STATE, postgres_home

LONGEST = 600  # seconds, on a machine that does much else; half a minute on a quiet one
# Of the commands: what is sent on a connection that a service closes as it ends (tests/faults/rolling.py).
NOTICED = 0.02


class Played(NamedTuple):
    broken: list[str]
    figures: dict[str, float]


def played(module: str, state: Path) -> Played:
    done = subprocess.run(
        [sys.executable, "-m", module],
        cwd=ROOT, env={**os.environ, "BASSIN_STATE": str(state)}, capture_output=True, text=True, timeout=LONGEST,
        check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.fail(done.stderr)
    return Played(*json.loads(done.stdout.splitlines()[-1]).values())


def tell(journey: Played) -> None:
    """What the process says, and the servers it unpacked for itself removed."""
    if (servers := postgres_home()) != STATE:
        shutil.rmtree(servers)
    print(json.dumps(journey._asdict()), flush=True)
