"""The Secrets of a deployment as its operator would make them."""

from pathlib import Path

import msgspec
import pytest

from common.cli import secrets


@pytest.fixture
def made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, str]]:
    """What `bassin secrets kubernetes` makes, by name."""
    secrets.create(tmp_path / "made", smtp="smtps://user:password@mail.example:465")
    capsys.readouterr()
    secrets.kubernetes(tmp_path / "made")
    items = msgspec.json.decode(capsys.readouterr().out)["items"]
    return {item["metadata"]["name"]: item["stringData"] for item in items}
