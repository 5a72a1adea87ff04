"""The `bassin` command lists what there is without importing it, and answers a mistake with status 2."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from common import cli
from common.cli import COMMANDS, found, main

NOT_COMMANDS = {"__init__", "reach"}


def test_help_imports_nothing_that_takes_time() -> None:
    program = "import sys; from common.cli import main; main(['--help']); print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert said.startswith("bassin COMMAND")
    assert not {"cyclopts", "rich", "msgspec", "asyncpg", "litestar"} & set(said.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_list_exists(name: str) -> None:
    assert callable(found(name))


def test_every_file_of_commands_is_in_the_list() -> None:
    files = {file.stem for file in Path(cli.__path__[0]).glob("*.py")} - NOT_COMMANDS

    assert {command.target.partition(":")[0] for command in COMMANDS.values()} == files


def test_every_command_group_of_a_file_is_in_the_list() -> None:
    groups = {
        f"{file.stem}:{node.targets[0].id}"
        for file in Path(cli.__path__[0]).glob("*.py")
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _makes_an_app(node.value)
    }

    assert groups <= {command.target for command in COMMANDS.values()}


@pytest.mark.parametrize("wrong", [["nope"], ["config", "nope"], ["demo", "--nope"]])
def test_a_mistake_in_the_command_line_is_status_2(wrong: list[str]) -> None:
    assert main(wrong) == 2


def test_trouble_is_one_line_and_its_own_status(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("common.cli.token.RUN", tmp_path / "run.json")

    assert main(["token", "chef@lille"]) == 3
    assert capsys.readouterr().err == "no demo is running in this clone: make demo\n"


def _makes_an_app(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "App"
