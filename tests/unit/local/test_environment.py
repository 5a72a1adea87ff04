"""tools/environment.py: too old a Python is told so in one line; what was installed is known by the locks."""

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from common.local.places import ROOT

SCRIPT = ROOT / "tools" / "environment.py"


def test_too_old_a_python_is_one_line_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))

    with pytest.raises(SystemExit, match=r"^Python 3.11 or later is needed, .* is 3.9.2: make PYTHON=/path/to/python3"):
        _function("main")("local")


@pytest.mark.parametrize("changed", ["local.lock", "bootstrap.lock", "../pyproject.toml"])
def test_another_lock_or_another_place_asks_for_another_environment(tmp_path: Path, changed: str) -> None:
    wanted = _function("wanted")
    (tmp_path / "requirements").mkdir()
    for name in ("local.lock", "bootstrap.lock", "../pyproject.toml"):
        (tmp_path / "requirements" / name).write_text("one")
    wanted.__globals__["ROOT"] = tmp_path
    before = wanted("local")

    (tmp_path / "requirements" / changed).write_text("two")

    assert wanted("local") != before


@pytest.mark.parametrize(
    ("said", "remedy"),
    [("cannot resolve the index", "connect"), ("OSError: No space left on device", "free 1 GB of disk")],
)
def test_a_step_that_fails_is_one_line_and_its_words_are_kept(tmp_path: Path, said: str, remedy: str) -> None:
    run = _function("run")
    run.__globals__["LOG"] = log = tmp_path / "environment.log"

    with pytest.raises(SystemExit) as failure:
        run("uv", [sys.executable, "-c", f"print({said!r}); exit(1)"], "connect")

    assert failure.value.code == f"environment: uv cannot be installed: {remedy} (log: {log})"
    assert said in log.read_text()


def _function(name: str) -> Callable[..., Any]:
    """As a file, for it is no module of ours: it runs before there is an environment."""
    function: Callable[..., Any] = runpy.run_path(str(SCRIPT))[name]
    return function
