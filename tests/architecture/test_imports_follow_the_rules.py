"""The import rules of pyproject.toml: they hold, they see every module, and each of them can turn red."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import grimp
import pytest

SERVICES = ("gateway", "hr_networks", "payroll", "territory", "training")


def configuration(root: Path) -> dict[str, Any]:
    with (root / "pyproject.toml").open("rb") as file:
        settings: dict[str, Any] = tomllib.load(file)["tool"]["importlinter"]
    return settings


def lint(root: Path, place: Path, sources: Path) -> subprocess.CompletedProcess[str]:
    """As `make check` runs it, on the packages below `sources`."""
    paths = os.pathsep.join(str(sources / name) for name in ("libs", "services"))
    command = [
        str(Path(sys.executable).with_name("lint-imports")),
        "--no-cache",
        "--config",
        str(root / "pyproject.toml"),
    ]
    return subprocess.run(
        command, cwd=place, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False
    )


def test_the_rules_hold(root: Path, tmp_path: Path) -> None:
    said = lint(root, tmp_path, root)

    assert said.returncode == 0, said.stdout


def test_every_package_of_the_tree_is_looked_at(root: Path) -> None:
    """import-linter silently leaves out a folder without __init__.py, and a service that nobody listed."""
    listed = configuration(root)["root_packages"]
    files = [f for source in ("libs", "services") for f in (root / source).rglob("*.py")]
    parts = [f.relative_to(root).with_suffix("").parts[1:] for f in files]
    in_the_tree = {".".join(p[:-1] if p[-1] == "__init__" else p) for p in parts}

    graph = grimp.build_graph(*listed, include_external_packages=False)

    assert graph.modules == in_the_tree


def test_every_service_is_under_every_rule_about_services(root: Path) -> None:
    present = sorted(folder.name for folder in (root / "services").iterdir() if (folder / "__init__.py").exists())
    rules = {rule["name"]: rule for rule in configuration(root)["contracts"]}

    assert present == sorted(SERVICES)
    assert sorted(rules["no service imports another"]["modules"]) == present
    assert sorted(rules["common imports no service"]["forbidden_modules"]) == present


# One line in one module; the rule that must refuse it. The domain lines show that the list allows nothing else.
BAD = {
    "no service imports another": [("services/training/sizing/store.py", "import territory.directory.views")],
    "common imports no service": [("libs/common/clock.py", "import training.sizing.domain")],
    "only reactions and libs/common know Kafka": [
        ("services/training/sizing/api.py", "import aiokafka"),
        ("services/training/sizing/store.py", "import faststream"),
        ("services/training/sizing/views.py", "from faststream.kafka import KafkaBroker"),
        ("services/training/domain.py", "import aiokafka"),
    ],
    "domain knows no neighbour with I/O": [
        ("services/training/sizing/domain.py", "from training.sizing import store"),
        ("services/training/sizing/domain.py", "from training.sizing import helper"),
    ],
    "domain imports an allow-list": [
        ("services/training/sizing/domain.py", "import asyncpg"),
        ("services/training/sizing/domain.py", "import os"),
        ("services/training/sizing/domain.py", "from pathlib import Path"),
        ("services/training/sizing/domain.py", "import random"),
        ("services/training/sizing/domain.py", "from common import clock"),
        ("services/training/domain.py", "import asyncio"),
    ],
    "what is shipped needs nothing of the local run": [("services/training/main.py", "import common.local.places")],
}


@pytest.mark.parametrize(("rule", "file", "line"), [(rule, *case) for rule, cases in BAD.items() for case in cases])
def test_each_rule_can_turn_red(root: Path, tmp_path: Path, rule: str, file: str, line: str) -> None:
    skeleton(tmp_path)
    (tmp_path / file).write_text(line + "\n")

    said = lint(root, tmp_path, tmp_path)

    assert f"{rule} BROKEN" in said.stdout, said.stdout + said.stderr


def test_the_skeleton_breaks_no_rule(root: Path, tmp_path: Path) -> None:
    skeleton(tmp_path)
    allowed = """
import msgspec
from datetime import date
from uuid import UUID
from common import identifiers, refusal
from common.contracts import training
"""
    (tmp_path / "services/training/sizing/domain.py").write_text(allowed)

    said = lint(root, tmp_path, tmp_path)

    assert said.returncode == 0, said.stdout + said.stderr


def skeleton(place: Path) -> None:
    """The smallest tree that has what the rules name."""
    names = ("api", "domain", "store", "views", "reactions", "jobs", "documents")
    modules = [f"services/{s}/{c}/{n}.py" for s, c in CAPABILITIES for n in names]
    modules += [f"services/{s}/{n}.py" for s in SERVICES for n in ("main", "domain")]
    modules += [
        f"libs/common/{n}.py" for n in ("clock", "identifiers", "refusal", "local/places", "contracts/training")
    ]
    for module in modules:
        file = place / module
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    (place / "services/training/sizing/helper.py").write_text("from training.sizing import store\n")
    for folder in {parent for file in place.rglob("*.py") for parent in file.relative_to(place).parents}:
        if len(folder.parts) > 1:
            (place / folder / "__init__.py").touch()


IN_COMMON = ("clock", "identifiers", "refusal", "local/places", "contracts/training")
CAPABILITIES = [
    *[("gateway", "door"), ("hr_networks", "census"), ("payroll", "elements")],
    *[("territory", "directory"), ("training", "sizing")],
]
