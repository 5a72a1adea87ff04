"""Demos for tests: each with a state of its own, ended and removed afterwards."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.service.local.demos import Demo


@contextmanager
def ended(state: Path) -> Iterator[Demo]:
    demo = Demo(state)
    try:
        yield demo
    finally:
        if demo.process and demo.process.poll() is None:
            demo.end(signal.SIGTERM)
        if os.geteuid() == 0 and (kept := state / "postgres.path").exists():
            shutil.rmtree(Path(kept.read_text().strip()).parent)


@pytest.fixture(scope="module")
def running_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Up, its witness journey played."""
    with ended(tmp_path_factory.mktemp("a state")) as demo:
        demo.start(until=Demo.is_up)
        yield demo


@pytest.fixture
def fresh_demo(tmp_path: Path) -> Iterator[Demo]:
    """Not started yet."""
    with ended(tmp_path) as demo:
        yield demo
