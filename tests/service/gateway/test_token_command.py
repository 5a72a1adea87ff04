"""`bassin token`: what it prints opens the gateway."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from common.cli import token
from common.local.trouble import Trouble

in_the_module_loop = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def run(bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The running demo as its file says it."""
    file = tmp_path / "run.json"
    file.write_text(json.dumps({"gateway": bench.url, "identity_provider": bench.provider.base, "kafka": "x"}))
    monkeypatch.setattr(token, "RUN", file)
    return file


@pytest.mark.parametrize("account", ["chef@lille", "formation@amiens", "chef-0599003r@lille", "exploitation"])
@pytest.mark.usefixtures("run")
@in_the_module_loop
async def test_a_printed_token_opens_the_gateway(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str], account: str
) -> None:
    assert await asyncio.to_thread(token.token, account) == 0

    printed = capsys.readouterr().out.strip()
    answer = await client.get("/v1/training/x", headers={"Authorization": f"Bearer {printed}"})
    assert answer.status_code == 200


@pytest.mark.parametrize("account", ["nobody@lille", "chef@nantes", "chef-0590000A@lille", ""])
@pytest.mark.usefixtures("run")
@in_the_module_loop
async def test_an_account_that_is_not_there_is_one_line(account: str) -> None:
    with pytest.raises(Trouble) as trouble:
        await asyncio.to_thread(token.token, account)

    assert len(str(trouble.value).splitlines()) == 1


def test_no_demo_is_one_line_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token, "RUN", tmp_path / "run.json")

    with pytest.raises(Trouble, match="make demo"):
        token.token("chef@lille")


def test_a_demo_that_ended_is_one_line_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"identity_provider": "http://127.0.0.1:9"}))
    monkeypatch.setattr(token, "RUN", tmp_path / "run.json")

    with pytest.raises(Trouble, match="make demo"):
        token.token("chef@lille")
