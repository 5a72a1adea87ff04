"""What a person can correct is one line with its remedy, whichever of these commands is called; never a traceback."""

import shutil
from pathlib import Path

import pytest

from common.cli import main
from common.contract_documents import export
from common.local.places import ROOT
from common.signing_keys import create_keys

DOCS = ROOT / "docs"


def said(capsys: pytest.CaptureFixture[str], *arguments: str, status: int) -> str:
    assert main(list(arguments)) == status
    heard = capsys.readouterr()
    return (heard.out + heard.err).strip()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    create_keys(tmp_path / "keys.json")
    return tmp_path / "keys.json"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return shutil.copytree(DOCS, tmp_path / "docs")


def test_keys_are_created_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "keys.json"

    assert said(capsys, "keys", "create", str(file), status=0) == ""
    assert said(capsys, "keys", "create", str(file), status=3) == f"{file} exists: bassin keys rotate {file}"
    assert said(capsys, "keys", "rotate", str(file), status=0) == ""


def test_keys_need_a_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = said(capsys, "keys", "create", str(tmp_path / "absent/keys.json"), status=3)

    assert line.endswith("cannot be written (No such file or directory): name a file in a directory of yours")


def test_keys_that_are_not_there_cannot_be_rotated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "keys.json"

    assert said(capsys, "keys", "rotate", str(file), status=3) == f"{file} does not exist: bassin keys create {file}"


@pytest.mark.parametrize(
    "text", ["", "{}", '{"keys":[1]}', '{"keys":[{},{}]}', '{"keys":[{"kty":"EC"},{"kty":"RSA"}]}']
)
def test_what_is_no_pair_of_keys_is_left_as_it_is(keys: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    keys.write_text(text)

    line = said(capsys, "keys", "rotate", str(keys), status=3)

    assert line.startswith(f"{keys} holds no pair of keys (")
    assert line.endswith("): bassin keys create ANOTHER_FILE")
    assert "\n" not in line
    assert keys.read_text() == text


@pytest.mark.parametrize("kind", [export.SCHEMAS, export.SAMPLES])
@pytest.mark.parametrize("command", ["check", "export"])
def test_a_committed_contract_that_cannot_be_read_is_named(
    docs: Path, capsys: pytest.CaptureFixture[str], kind: Path, command: str
) -> None:
    broken = min((docs / kind).glob("*.json"))
    broken.write_text("<<<<<<< HEAD\n")

    line = said(capsys, "contracts", command, "--docs", str(docs), status=3)

    assert line.startswith(f"{broken}: ")
    assert line.endswith(f": git checkout {broken}")


def test_contracts_are_those_of_a_clone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = said(capsys, "contracts", "check", "--docs", str(tmp_path), status=3)

    assert line == f"no contracts in {tmp_path}: run this in a clone, or say --docs"


def test_a_document_is_not_written_where_nothing_can_be(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (docs / "map.md").unlink()
    (docs / "map.md").mkdir()

    assert "map.md: Is a directory" in said(capsys, "contracts", "export", "--docs", str(docs), status=3)
    shutil.rmtree(docs / "openapi")
    (docs / "openapi").write_text("")
    assert said(capsys, "openapi", "export", "--docs", str(docs), status=3).endswith("File exists: say --docs")
