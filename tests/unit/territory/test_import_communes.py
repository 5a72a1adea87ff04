"""`bassin territory import-communes` renews the committed file of communes that merged."""

from pathlib import Path

import pytest

from common.cli import main

OFFICIAL = (
    "code;nom;type;commune_actuelle\n02018;Anizy;commune-deleguee;02018\n59070;Bermeries;commune-deleguee;59006\n"
)
SHARED = Path(__file__).parents[4] / "shared" / "data" / "communes_deleguees_associees.csv"


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "successors.csv"


def renew(tmp_path: Path, into: Path, text: str) -> int:
    file = tmp_path / "communes.csv"
    file.write_text(text, "utf-8")
    return main(["territory", "import-communes", str(file), "--into", str(into)])


def test_it_says_what_is_new_changed_and_gone(tmp_path: Path, into: Path, capsys: pytest.CaptureFixture[str]) -> None:
    into.write_text("code;successor;valid_from\n59070;59001;\n59071;59001;\n", "utf-8")

    assert renew(tmp_path, into, f"{OFFICIAL}59072;Ailleurs;commune-associee;59001\n") == 0
    assert into.read_text("utf-8") == "code;successor;valid_from\n59070;59006;\n59072;59001;\n"
    assert capsys.readouterr().out == f"2 merged communes: 1 new, 1 changed, 1 gone ({into})\n"


def test_the_same_file_again_writes_nothing(tmp_path: Path, into: Path) -> None:
    renew(tmp_path, into, OFFICIAL)
    written = into.stat().st_mtime_ns

    assert renew(tmp_path, into, OFFICIAL) == 0
    assert into.stat().st_mtime_ns == written


def test_a_file_with_bad_lines_is_refused_whole_and_each_is_named(
    tmp_path: Path, into: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert renew(tmp_path, into, f"{OFFICIAL}x;;;59006\ny;;;59006\n") == 1
    assert [line.split(" :")[0] for line in capsys.readouterr().out.splitlines()] == ["Ligne 4", "Ligne 5"]
    assert not into.exists()


@pytest.mark.parametrize("words", [["absent.csv"], [__file__, "--into", "/absent/successors.csv"]])
def test_a_wrong_command_line_is_one_line_and_status_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["territory", "import-communes", *words]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.skipif(not SHARED.exists(), reason="the official file is not here")
def test_the_committed_file_is_what_the_official_one_gives(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["territory", "import-communes", str(SHARED)]) == 0
    assert ": 0 new, 0 changed, 0 gone" in capsys.readouterr().out
