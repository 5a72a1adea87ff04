"""How far an import is: a bar on a terminal, a few plain lines in a log."""

import io

import pytest

from common.cli_progress import Steps


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_bar_for_each_step() -> None:
    out = Terminal()

    with Steps(out) as steps:
        steps.at("sending", 5, 10)
        steps.at("sending", 10, 10)
        steps.at("dry run", 1, 4)

    last = out.getvalue().rpartition("sending")[2]
    assert "100 %" in last
    assert "dry run" in last
    assert " 25 %" in last


def test_a_log_gets_one_line_every_few_seconds_and_one_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    out, now = io.StringIO(), 100.0
    monkeypatch.setattr("common.cli_progress.time.monotonic", lambda: now)

    with Steps(out) as steps:
        for done in range(11):
            steps.at("dry run", done, 10)
            now += 2
        steps.at("dry run", 10, 10)

    assert out.getvalue().splitlines() == [
        "dry run: 0 %",
        "dry run: 30 %",
        "dry run: 60 %",
        "dry run: 90 %",
        "dry run: 100 %",
    ]


def test_a_step_whose_length_is_not_known_yet_is_at_its_beginning() -> None:
    out = io.StringIO()

    Steps(out).at("dry run", 0, 0)

    assert out.getvalue() == "dry run: 0 %\n"
