"""A journey on a platform of its own, in a process of its own: what broke, and its figures."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Coroutine
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


def play(journey: Callable[[], Coroutine[None, None, Played]]) -> None:
    """Plays and says it; the servers that the process unpacked for itself are removed, whatever came of it."""
    try:
        told = asyncio.run(journey())
    finally:
        if (servers := postgres_home()) != STATE:
            shutil.rmtree(servers)
    print(json.dumps(told._asdict()), flush=True)
