"""`bassin` as an operator types it beside a running demo, in this process."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from common.cli import main
from common.cli.reach import Run

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

Operator = Callable[..., Awaitable[tuple[int, str, str]]]


def demo_runs(
    monkeypatch: pytest.MonkeyPatch, beside: Path, services: Mapping[str, "ServiceUrls"], kafka: str = ""
) -> None:
    """The commands find this run, whatever the environment of the tests says."""
    run = Run(gateway="", identity_provider="", kafka=kafka, academies=("09",), services=services)
    (beside / "run.json").write_bytes(msgspec.json.encode(run))
    monkeypatch.setattr("common.cli.reach.RUN", beside / "run.json")
    for name in ("DATABASE_URL", "KAFKA", "PARTITIONS", "REPLICATION"):
        monkeypatch.delenv(f"BASSIN_{name}", raising=False)


def terminal(capsys: pytest.CaptureFixture[str]) -> Operator:
    """`await bassin("parking", "list", "training")`: exit status, what it says, what it complains of."""

    async def bassin(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = await asyncio.to_thread(_status, arguments)
        told = capsys.readouterr()
        return code, told.out.strip(), told.err.strip()

    return bassin


def _status(arguments: tuple[str, ...]) -> int:
    try:
        return main(list(arguments))
    except SystemExit as stop:
        return int(stop.code or 0)
