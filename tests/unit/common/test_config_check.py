"""`bassin config check` says before the start what the start would say, and never a secret."""

import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from common.cli.config import check, table
from common.local.trouble import Trouble
from common.signing_keys import create_keys

GOOD = {
    "BASSIN_ACADEMIES": "09,20",
    "BASSIN_DATABASE_URL": "postgresql://app:s3cret@127.0.0.1:5432/training",
    "BASSIN_RELAY_DATABASE_URL": "postgresql://relay:s3cret@127.0.0.1:5432/training",
    "BASSIN_KAFKA": "127.0.0.1:9092",
    "BASSIN_GATEWAY_JWKS_URL": "http://127.0.0.1:8080/internal/jwks",
}


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [name for name in os.environ if name.startswith("BASSIN_")]:
        monkeypatch.delenv(variable)
    for variable, value in GOOD.items():
        monkeypatch.setenv(variable, value)


def test_settings_that_will_do_are_shown_with_their_origin(capsys: pytest.CaptureFixture[str]) -> None:
    assert check("training") == 0

    said = capsys.readouterr()
    assert "s3cret" not in said.out
    assert "BASSIN_DATABASE_URL=postgresql://***@127.0.0.1:5432/training (environment)" in said.out.splitlines()
    assert "BASSIN_HTTP_PORT=8000 (default)" in said.out.splitlines()
    assert said.err == ""


def test_settings_that_will_not_do_are_one_line_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BASSIN_KAFKA", "")
    monkeypatch.setenv("BASSIN_HTTP_PORT", "http")

    assert check("training") == 3
    said = capsys.readouterr().err.splitlines()
    assert [line.split()[:2] for line in said] == [["error:", "BASSIN_KAFKA"], ["error:", "BASSIN_HTTP_PORT:"]]


def test_a_misspelt_variable_is_told_with_what_was_meant(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BASSIN_HTTP_PROT", "9000")
    monkeypatch.setenv("BASSIN_ADMIN_DATABASE_URL", "x")

    assert check("training") == 0
    assert capsys.readouterr().err == "warning: BASSIN_HTTP_PROT is not a setting: BASSIN_HTTP_PORT is\n"


def test_a_service_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(Trouble) as refused:
        check("trainig")

    assert str(refused.value) == "no service 'trainig': gateway, hr_networks, payroll, territory, training"


def test_the_files_of_the_gateway_are_read_as_it_would_read_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable in GOOD:
        monkeypatch.delenv(variable)
    for variable, file in (("ISSUERS", "issuers.toml"), ("ROUTES", "routes.toml"), ("SIGNING_KEYS", "keys.json")):
        monkeypatch.setenv(f"BASSIN_{variable}", str(tmp_path / file))
    (tmp_path / "routes.toml").write_text('[[routes]]\nservice = "training"\nurl = "http://a"\n' * 2)
    (tmp_path / "keys.json").write_text("{}")

    assert check("gateway") == 3
    issuers, routes, keys = capsys.readouterr().err.splitlines()
    assert issuers == f"error: BASSIN_ISSUERS: {tmp_path}/issuers.toml: No such file or directory"
    assert routes == "error: BASSIN_ROUTES: routes.toml: route /v1/training is there twice"
    assert keys.endswith(": bassin keys create ANOTHER_FILE")

    (tmp_path / "issuers.toml").write_text("issuers = []")
    (tmp_path / "routes.toml").write_text("routes = []")
    create_keys(tmp_path / "keys.json")
    assert check("gateway") == 0
    assert f"BASSIN_ISSUERS={tmp_path}/issuers.toml (environment)" in capsys.readouterr().out.splitlines()


def test_on_a_terminal_the_same_is_a_table() -> None:
    printed = io.StringIO()
    Console(file=printed, width=80).print(table("training", [("BASSIN_KAFKA", "127.0.0.1:9092", "environment")]))

    assert "settings of training" in printed.getvalue()
    assert "127.0.0.1:9092" in printed.getvalue()
