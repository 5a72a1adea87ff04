"""Expand, migrate, contract: while processes are replaced, the former release works on the new schema (upgrade.md).

squawk reads each migration that no release has brought yet. What would break who still runs is allowed to a migration
that says whose expansion it completes, `contracts = "<revision>"`, once that one was released.
"""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest

from common.migrate import COMMON, roles

RELEASED = COMMON / "released.txt"
SQUAWK = Path(sys.executable).with_name("squawk")
# About style, or about locks that a table of ours is too small to be held by for long.
ALLOWED = (
    "prefer-bigint-over-int", "prefer-bigint-over-smallint", "prefer-identity", "prefer-text-field",
    "prefer-robust-stmts", "prefer-timestamp-tz", "require-lock-timeout", "require-statement-timeout",
    "require-concurrent-index-creation", "require-concurrent-index-deletion", "ban-char-field",
)  # fmt: skip
# What squawk has no rule for, and takes a right or a row from who runs.
TAKES_AWAY = re.compile(r"^\s*(REVOKE|TRUNCATE|DROP TRIGGER|DROP POLICY|ALTER TYPE|DROP TYPE)\b.*", re.MULTILINE)


def module_of(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"migration_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def migrations(places: Iterable[Path]) -> dict[str, ModuleType]:
    """By revision."""
    files = [file for place in places for file in place.glob("*.py") if file.name != "__init__.py"]
    modules = [module_of(file) for file in files]
    return {module.revision: module for module in modules}


def released() -> set[str]:
    return {line for line in RELEASED.read_text("utf-8").splitlines() if line and not line.startswith("#")}


def breaking(sql: str, place: str) -> list[str]:
    """One line for each statement that who still runs would not survive."""
    for role, name in roles("probe").items():
        sql = sql.replace(f"{{{role}}}", name)
    command = [str(SQUAWK), "--pg-version", "16.0", "--assume-in-transaction", "--reporter", "gcc"]
    command += ["--exclude", ",".join(ALLOWED), "--stdin-filepath", place]
    done = subprocess.run(command, input=sql, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    return [*done.stdout.splitlines(), *(found[0].strip() for found in TAKES_AWAY.finditer(sql))]


def wrong_with(module: ModuleType, known: set[str]) -> list[str]:
    completes = getattr(module, "contracts", None)
    if completes is not None:
        return [] if completes in known else [f"{module.revision}: no release has brought {completes} yet"]
    file = Path(str(module.__file__)).with_suffix(".sql")
    return breaking(file.read_text("utf-8"), file.name) if file.exists() else []


@pytest.fixture(scope="module")
def ours(root: Path) -> dict[str, ModuleType]:
    return migrations([COMMON / "versions", *root.glob("services/*/migrations")])


def test_what_a_release_brings_only_expands_or_completes_what_an_earlier_one_brought(
    ours: dict[str, ModuleType],
) -> None:
    known = released()

    assert [
        line for module in ours.values() if module.revision not in known for line in wrong_with(module, known)
    ] == []


def test_what_was_released_is_still_there(ours: dict[str, ModuleType]) -> None:
    """Else a database that ran it could not be migrated."""
    assert released() - ours.keys() == set()


def test_a_data_step_or_a_statement_is_beside_its_revision(ours: dict[str, ModuleType]) -> None:
    """In a .sql file, where it is read: a statement within Python would pass unseen."""
    assert {revision for revision, m in ours.items() if "op.execute" in Path(str(m.__file__)).read_text()} == set()


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE census DROP COLUMN object",
        "ALTER TABLE census RENAME COLUMN object TO title",
        "ALTER TABLE census RENAME TO campaign",
        "ALTER TABLE census ADD COLUMN kind text NOT NULL",
        "ALTER TABLE census ALTER COLUMN object SET NOT NULL",
        "ALTER TABLE census ALTER COLUMN object TYPE uuid USING object::uuid",
        "ALTER TABLE census ADD CONSTRAINT one_object UNIQUE (object)",
        "ALTER TABLE census ADD CONSTRAINT named CHECK (object <> '')",
        "DROP TABLE census",
        "DROP FUNCTION bassin_on(jsonb, date)",
        "REVOKE INSERT ON census FROM {app}",
        "TRUNCATE census",
    ],
)
def test_what_who_still_runs_would_not_survive_is_found(statement: str) -> None:
    assert breaking(f"{statement};\n", "probe.sql") != []


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE census ADD COLUMN kind text NOT NULL DEFAULT ''",
        "ALTER TABLE census ADD COLUMN kind text",
        "CREATE TABLE round (academie text NOT NULL, id uuid NOT NULL, PRIMARY KEY (academie, id))",
        "CREATE INDEX census_kind ON census (object)",
        "GRANT SELECT ON census TO {app}",
    ],
)
def test_what_only_adds_is_accepted(statement: str) -> None:
    assert breaking(f"{statement};\n", "probe.sql") == []


@pytest.mark.parametrize(("contracts", "accepted"), [("hr0001", True), ("hr0999", False)])
def test_what_an_earlier_release_replaced_may_go(tmp_path: Path, contracts: str, accepted: bool) -> None:
    (tmp_path / "m.py").write_text(f'revision = "hr1000"\ncontracts = "{contracts}"\n')
    (tmp_path / "m.sql").write_text("ALTER TABLE census DROP COLUMN object;\n")
    [module] = migrations([tmp_path]).values()

    assert (wrong_with(module, {"hr0001"}) == []) is accepted
