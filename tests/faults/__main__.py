"""`python -m tests.faults [F1 ...] [--seed 42]`: plays the faults on a platform of their own; `--lanes`: on two."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

if __name__ == "__main__":
    # Before anything of ours is imported: where a local run keeps its things is read once.
    os.environ.setdefault("BASSIN_STATE", str(ROOT / ".bassin" / "faults"))
    if sys.argv[1:] == ["--lanes"]:
        from tests.faults import lanes

        sys.exit(lanes.main())
    from tests.faults.isolation import enter

    enter(sys.argv[1:])
    from tests.faults.command import main

    sys.exit(main(sys.argv[1:]))
