"""`python -m tests.faults.sabotage [NAME ...]`: the product spoiled on purpose, in a copy; each fault must notice."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
RESULT = ROOT / ".bassin" / "sabotage.json"
LONGEST = 900  # seconds of one sabotaged run


class Sabotage(Struct, frozen=True):
    """One patch, the faults that must turn broken, with how many schedules each, and a word of what must be wrong."""

    name: str
    faults: tuple[str, ...]
    seeds: int
    says: tuple[str, ...]  # any of them; broken by something else is not caught


SABOTAGES = (
    Sabotage("acknowledge-first", ("F4",), 12, ("lost",)),
    Sabotage("no-inbox-mark", ("F10",), 2, ("twice",)),
    Sabotage("durable-cursor", ("F1", "F2"), 12, ("lost", "not applied")),
    Sabotage("no-transactional-id", ("F3",), 4, ("published twice",)),
    Sabotage("take-over-without-reading", ("F28",), 2, ("versions used twice", "out of order", "lost facts not")),
    Sabotage("session-level-academie", ("F22",), 1, ("the next user of a connection",)),
    Sabotage("default-parser", ("F12",), 3, ("lost", "not parked")),
    Sabotage("row-security-without-force", ("F22",), 1, ("owner of",)),
    Sabotage("winter-time-only", ("F17",), 2, ("the census of", "the deadline got", "complete at", "cut-off")),
)


def main(names: Sequence[str]) -> int:
    chosen = [sabotage for sabotage in SABOTAGES if not names or sabotage.name in names]
    if not chosen:
        print(f"no such sabotage: {' '.join(sabotage.name for sabotage in SABOTAGES)}")
        return 2
    if not names:
        RESULT.unlink(missing_ok=True)
    told = [_play_and_note(sabotage) for sabotage in chosen]
    return int(not all(line["caught_by"] for line in told))


def _play_and_note(sabotage: Sabotage) -> dict[str, object]:
    """Noted at once: what comes after it may take the run down."""
    begun = time.monotonic()
    line = {"sabotage": sabotage.name, **play(sabotage), "seconds": round(time.monotonic() - begun)}
    print(f"{sabotage.name:28} {line['caught_by'] or 'NOT CAUGHT':10} {line['seconds']:4} s  {line['how']}", flush=True)
    RESULT.parent.mkdir(exist_ok=True)
    noted = {each["sabotage"]: each for each in json.loads(RESULT.read_text())} if RESULT.exists() else {}
    noted[sabotage.name] = line
    order = [each.name for each in SABOTAGES]
    kept = [noted[name] for name in order if name in noted]
    RESULT.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
    return line


def play(sabotage: Sabotage) -> dict[str, object]:
    """Which fault caught it, by what it said; of a patch that does not apply any more that it does not."""
    with spoiled(sabotage.name) as (copy, wrong):
        if wrong:
            return {"caught_by": None, "how": wrong}
        seen = []
        for fault in sabotage.faults:
            how = broken(copy, fault, sabotage)
            if any(word in line for word in sabotage.says for line in how):
                return {"caught_by": fault, "how": how}
            seen += how
    return {"caught_by": None, "how": seen or "every schedule held"}


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


def broken(copy: Path, fault: str, sabotage: Sabotage) -> list[str]:
    """What of the fault's invariants was seen not to hold; or why that could not be seen."""
    result, log = copy / "faults.json", ROOT / ".bassin" / f"sabotage-{sabotage.name}-{fault}.log"
    played = [fault, "--seed", "0", "--seeds", str(sabotage.seeds), "--result", str(result)]
    sources = os.pathsep.join(str(copy / place) for place in ("libs", "services"))
    environment = {k: v for k, v in os.environ.items() if k != "BASSIN_STATE"} | {"PYTHONPATH": sources}
    log.parent.mkdir(exist_ok=True)
    with log.open("w") as said, suppress(subprocess.TimeoutExpired):
        command = [sys.executable, "-m", "tests.faults", *played]
        subprocess.run(command, cwd=copy, env=environment, stdout=said, stderr=said, timeout=LONGEST, check=False)
    if not result.exists():
        return [f"{fault} could not be played: {log.name}"]
    return [line for each in json.loads(result.read_text()) for line in each.get("broken", [])]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
