"""`bassin secrets kubernetes`: each pod is given what it needs, and addresses follow from the administrator's."""

from pathlib import Path

import msgspec
import pytest

from common.cli import secrets
from common.local.layout import service_names
from common.local.trouble import Trouble

OWN = "postgresql://dba:s%C3%A9same@db.example:6432/postgres?sslmode=verify-full&sslrootcert=/run/secrets/bassin/database_ca.crt"


def made(directory: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, str]]:
    capsys.readouterr()
    secrets.kubernetes(directory)
    items = msgspec.json.decode(capsys.readouterr().out)["items"]
    assert {(item["apiVersion"], item["kind"]) for item in items} == {("v1", "Secret")}
    return {item["metadata"]["name"]: item["stringData"] for item in items}


def test_a_service_is_given_its_own_addresses_and_never_the_administrators(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets.create(tmp_path / "s", database="postgres-rw:5432")
    found = made(tmp_path / "s", capsys)

    administrator = found.pop("administrator")
    for name in service_names():
        own = found[f"{name.replace('_', '-')}-database"]
        assert own.keys() == {"database_url", "relay_database_url"}
        assert f"bassin_{name}_app:" in own["database_url"]
        assert f"bassin_{name}_relay:" in own["relay_database_url"]
        assert "@postgres-rw:5432/" in own["database_url"]
        assert f"bassin_{name}_owner:" in found[f"{name.replace('_', '-')}-operations"]["owner_database_url"]
    assert not any(administrator["password"] in value for keys in found.values() for value in keys.values())
    assert administrator["username"] == "postgres"


def test_every_address_follows_from_an_administrator_of_ones_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "admin_database_url").write_text(OWN)
    secrets.create(tmp_path)
    found = made(tmp_path, capsys)

    assert found["administrator"]["admin_database_url"] == OWN
    for name in service_names():
        address = found[f"{name.replace('_', '-')}-database"]["database_url"]
        assert address.endswith(
            f"@db.example:6432/bassin_{name}?sslmode=verify-full&sslrootcert=/run/secrets/bassin/database_ca.crt"
        )


def test_the_authority_of_a_database_of_ones_own_goes_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets.create(tmp_path)
    assert "database-ca" not in made(tmp_path, capsys)

    (tmp_path / "database_ca.crt").write_text("certificate")

    assert made(tmp_path, capsys)["database-ca"] == {"database_ca.crt": "certificate"}


def test_what_was_not_made_is_one_line_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="bassin secrets create"):
        secrets.kubernetes(tmp_path)
