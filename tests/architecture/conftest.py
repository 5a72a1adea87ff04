"""The sources as the architecture tests read them."""

import ast
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def modules() -> Mapping[Path, ast.Module]:
    """Every module under the two source roots, by its path in the repository."""
    files = sorted(file for source in ("libs", "services") for file in (ROOT / source).rglob("*.py"))
    return {file.relative_to(ROOT): ast.parse(file.read_text("utf-8")) for file in files}


@pytest.fixture(scope="session")
def tracked() -> Sequence[Path]:
    """What is or would be committed; a checkout without .git has nothing else."""
    if (ROOT / ".git").exists():
        listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        names = subprocess.check_output(listed, cwd=ROOT, text=True).split("\0")
        return [ROOT / name for name in names if (ROOT / name).is_file()]
    skipped = {".venv", ".bassin", "node_modules", "__pycache__"}
    return [f for f in ROOT.rglob("*") if f.is_file() and not skipped & set(f.relative_to(ROOT).parts)]
