"""`python -m tests.faults.sabotage [NAME ...]`: the product spoiled on purpose, in a copy; each fault must notice."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
RESULT = ROOT / ".bassin" / "sabotage.json"
LONGEST = 900  # seconds of one sabotaged run


class Sabotage(Struct, frozen=True):
    """One patch of this directory, and the faults that must turn broken, each with a number of schedules."""

    name: str
    faults: tuple[str, ...]
    seeds: int


SABOTAGES = (
    Sabotage("acknowledge-first", ("F4",), 12),
    Sabotage("no-inbox-mark", ("F10",), 2),
    Sabotage("durable-cursor", ("F1", "F2"), 12),
    Sabotage("no-transactional-id", ("F3",), 6),
    Sabotage("take-over-without-reading", ("F28",), 2),
    Sabotage("session-level-academie", ("F22",), 1),
    Sabotage("default-parser", ("F12",), 3),
    Sabotage("row-security-without-force", ("F22",), 1),
    Sabotage("winter-time-only", ("F17",), 2),
)


def main(names: Sequence[str]) -> int:
    chosen = [sabotage for sabotage in SABOTAGES if not names or sabotage.name in names]
    if not chosen:
        print(f"no such sabotage: {' '.join(sabotage.name for sabotage in SABOTAGES)}")
        return 2
    told = []
    for sabotage in chosen:
        told.append(play(sabotage))
        print(f"{sabotage.name:28} {told[-1]['caught_by'] or 'NOT CAUGHT'}  {told[-1]['how']}", flush=True)
    RESULT.parent.mkdir(exist_ok=True)
    earlier = json.loads(RESULT.read_text()) if names and RESULT.exists() else []
    kept = [line for line in earlier if line["sabotage"] not in {each["sabotage"] for each in told}]
    RESULT.write_text(json.dumps([*kept, *told], indent=2))
    return int(not all(line["caught_by"] for line in told))


def play(sabotage: Sabotage) -> dict[str, object]:
    """Which fault caught it, by what it said; of a patch that does not apply any more that it does not."""
    with spoiled(sabotage.name) as (copy, wrong):
        if wrong:
            return {"sabotage": sabotage.name, "caught_by": None, "how": wrong}
        for fault in sabotage.faults:
            if how := broken(copy, fault, sabotage.seeds):
                return {"sabotage": sabotage.name, "caught_by": fault, "how": how}
    return {"sabotage": sabotage.name, "caught_by": None, "how": "every schedule held"}


@contextmanager
def spoiled(name: str) -> Iterator[tuple[Path, str]]:
    """A copy of what git knows of, outside of the repository, with the patch; and why it could not be applied."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    files = subprocess.check_output(listed, cwd=ROOT, text=True).split("\0")
    with tempfile.TemporaryDirectory(prefix="bassin-sabotage-") as made:
        copy = Path(made)
        for file in filter(None, files):
            if (ROOT / file).is_file():
                (copy / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / file, copy / file)
        patch = ["git", "apply", str(HERE / f"{name}.patch")]
        applied = subprocess.run(patch, cwd=copy, capture_output=True, text=True, check=False)
        yield copy, f"the patch does not apply any more: {applied.stderr.strip()}" if applied.returncode else ""


def broken(copy: Path, fault: str, seeds: int) -> list[str]:
    """What of the fault's invariants was seen not to hold."""
    result = copy / "faults.json"
    command = [sys.executable, "-m", "tests.faults", fault, "--seeds", str(seeds), "--result", str(result)]
    sources = os.pathsep.join(str(copy / place) for place in ("libs", "services"))
    environment = {k: v for k, v in os.environ.items() if k != "BASSIN_STATE"} | {"PYTHONPATH": sources}
    with (ROOT / ".bassin" / f"sabotage-{fault}.log").open("w") as log:
        done = subprocess.run(command, cwd=copy, env=environment, stdout=log, stderr=log, timeout=LONGEST, check=False)
    if done.returncode > 1 or not result.exists():
        raise RuntimeError(f"{fault} could not be played: {log.name}")
    return [line for each in json.loads(result.read_text()) for line in each.get("broken", [])]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
