"""`bassin provision --wait`: a Job begins beside its servers, and one that fails is let wait for minutes."""

import sys
from collections.abc import Callable

import pytest

from common.cli import operate
from common.cli.reach import ENVIRONMENT


def refusing(times: int, status: int, asked: list[str]) -> Callable[[str], None]:
    def work(service: str) -> None:
        asked.append(service)
        if len(asked) <= times:
            sys.exit(status)

    return work


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operate, "AGAIN", 0.01)


def test_a_server_that_is_away_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(operate, "_provision", refusing(2, ENVIRONMENT, asked))

    operate.provision("training", "payroll", wait=60)

    assert asked == ["training", "training", "training", "payroll"]


@pytest.mark.parametrize(("status", "wait"), [(ENVIRONMENT, 0), (1, 60)])
def test_without_patience_or_for_another_reason_it_ends_at_once(
    monkeypatch: pytest.MonkeyPatch, status: int, wait: float
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(operate, "_provision", refusing(9, status, asked))

    with pytest.raises(SystemExit):
        operate.provision("training", wait=wait)

    assert asked == ["training"]


def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(operate, "_provision", refusing(10**6, ENVIRONMENT, asked))

    with pytest.raises(SystemExit):
        operate.provision("training", wait=0.1)

    assert len(asked) > 1
