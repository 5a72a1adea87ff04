"""A whole run in two lanes side by side, each with servers, network and mounts of its own: most faults mostly wait."""

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from tests.faults.command import RESULT, Line, note, show
from tests.faults.fault import Fault, faults
from tests.faults.isolation import lacking

from common.local.places import STATE


def main() -> int:
    """One after the other where this machine keeps their networks not apart."""
    every = list(faults().values())
    lanes = [every] if lacking() else divided(every)
    results = [STATE.with_name(f"{STATE.name}-{number}.json") for number in range(1, len(lanes) + 1)]
    for result in results:
        result.unlink(missing_ok=True)
    running = [_start(lane, result) for lane, result in zip(lanes, results, strict=True)]
    statuses = [process.wait() for process in running]
    lines = sorted((line for result in results for line in _read(result)), key=lambda line: int(line.fault[1:]))
    note(RESULT, lines)
    show(lines)
    missing = {fault.name for fault in every} - {line.fault for line in lines}
    if missing:
        print(f"not played, a lane broke down: {' '.join(sorted(missing))}")
    return int(any(statuses) or bool(missing))


def divided(every: Iterable[Fault]) -> list[list[Fault]]:
    """What measures how much is done in a second has a lane for itself; what waits goes beside it."""
    return [[fault for fault in every if fault.waits is waits] for waits in (False, True)]


def _start(lane: Sequence[Fault], result: Path) -> "subprocess.Popen[bytes]":
    """A run of its own, that tells of each seed as it is played."""
    command = [sys.executable, "-m", "tests.faults", *(fault.name for fault in lane), "--result", str(result)]
    return subprocess.Popen(command, env={**os.environ, "BASSIN_STATE": str(result.with_suffix(""))})


def _read(result: Path) -> list[Line]:
    return msgspec.json.decode(result.read_bytes(), type=list[Line]) if result.exists() else []
