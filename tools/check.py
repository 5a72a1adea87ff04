"""Everything CI asks, in one run: each step is run even when an earlier one failed, and a list ends it.

What cannot be run here is listed as `not run`, never passed over; with CI=true that is a failure.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(".venv", "bin")
PROMTOOL = ".bassin/prometheus/usr/bin/promtool"
PROMETHEUS = "deploy/observability/prometheus.yml"
REDOCLY = "node_modules/.bin/redocly"


class Step(NamedTuple):
    name: str
    command: list[str]
    needs: tuple[str, ...] = ()  # programs, or files of the repository


STEPS = [
    Step("ruff check", [f"{BIN}/ruff", "check", "."]),
    Step("ruff format", [f"{BIN}/ruff", "format", "--check", "."]),
    Step("mypy --strict", [f"{BIN}/mypy"]),
    Step("import rules", [f"{BIN}/lint-imports"]),
    Step("Dockerfile", [f"{BIN}/hadolint", "--no-color", "Dockerfile"]),
    Step("npm packages", ["npm", "ci", "--silent"], ("npm", "package-lock.json")),
    Step("OpenAPI document", [REDOCLY, "lint", "docs/openapi.json"], (REDOCLY, "docs/openapi.json")),
    Step("AsyncAPI document", [REDOCLY, "lint", "docs/asyncapi.json"], (REDOCLY, "docs/asyncapi.json")),
    Step("faults", ["make", "faults", "CHECK=1"]),
    Step("Prometheus", [f"{BIN}/python", "-m", "common.local.prometheus"]),  # the next one says if there is none
    Step("alert rules", [PROMTOOL, "check", "config", PROMETHEUS], (PROMTOOL,)),
    Step("tests", ["make", "test"]),  # last: its closing line is the one that CI reads
]


def outcome(step: Step) -> str:
    absent = [need for need in step.needs if not (shutil.which(need) or (ROOT / need).is_file())]
    if absent:
        return f"not run: {', '.join(absent)} is absent"
    print(f"--- {step.name}", flush=True)
    began = time.monotonic()
    environment = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    done = subprocess.run(step.command, cwd=ROOT, env=environment, check=False)  # noqa: S603 - the commands above
    return f"{'ok' if done.returncode == 0 else 'FAILED'} after {time.monotonic() - began:.0f} s"


def main() -> int:
    outcomes = {step.name: outcome(step) for step in STEPS}
    print("---", flush=True)
    for name, result in outcomes.items():
        print(f"{name:20} {result}", file=sys.stderr)
    failed = any(result.startswith("FAILED") for result in outcomes.values())
    unknown = any(result.startswith("not run") for result in outcomes.values())
    return int(failed or (unknown and os.environ.get("CI") == "true"))


if __name__ == "__main__":
    sys.exit(main())
