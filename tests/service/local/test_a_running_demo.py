"""`bassin demo`: the letter of 2007 played through the gateway, and a demo that is told what is wrong."""

import json
import re
import shutil
import signal

import httpx
import psutil
import pytest
from tests.service.local.demos import Demo

from common.local.visitor import until

TOTAL = " 56            51             2           352            16        589,44"  # as in tests/journeys/letter


@pytest.mark.item(113)
@pytest.mark.item(141)
def test_the_letter_is_played_through_the_gateway(running_demo: Demo) -> None:
    """It asserts by itself what it is the witness of (common.local.letter), else the demo ends with status 4."""
    assert "2 académies, 46 établissements" in running_demo.said()
    assert re.search(r"Witness journey +ok +census -> .* -> pay, in 23 bassins", running_demo.said())
    assert TOTAL in running_demo.said()
    assert sum(bassin["exported"] for bassin in running_demo.report["bassins"]) == 16
    assert httpx.get(f"{running_demo.report['url']}/livez").status_code == 200


def test_the_mails_of_the_census_can_be_read(running_demo: Demo) -> None:
    def written() -> list[str]:
        return [mail.read_text() for mail in (running_demo.state / "mail").glob("*.eml")]

    until(
        written,
        lambda mails: any("To: ce.0599001n@ac-lille.example" in mail for mail in mails),
        what="the letter to the first school",
    )


def test_the_figures_are_within_their_bounds(running_demo: Demo) -> None:
    figures = running_demo.report["figures"]

    assert 0 < figures["services_mib"] < 300  # under 250 until training has printed: typst stays in its process
    assert figures["services_mib"] < figures["all_mib"] < 900


def test_commands_beside_it_find_it(running_demo: Demo) -> None:
    run = json.loads((running_demo.state / "run.json").read_text())

    assert run["gateway"] == running_demo.report["url"]
    assert set(run["services"]) == {"territory", "hr_networks", "training", "payroll"}
    assert (running_demo.state / "run.json").stat().st_mode & 0o077 == 0


def test_a_second_demo_in_one_clone_is_refused_in_one_line(running_demo: Demo) -> None:
    second = running_demo.run()

    assert second.returncode == 3
    assert second.stderr.count("\n") == 1
    assert second.stderr.startswith("a demo of this clone is running already")
    assert psutil.pid_exists(running_demo.family()[0].pid)


def test_a_taken_port_is_one_line_that_names_its_holder_and_another_port(running_demo: Demo, fresh_demo: Demo) -> None:
    fresh_demo.port = running_demo.port

    refused = fresh_demo.run()

    assert refused.returncode == 3
    remedy = rf"port {running_demo.port} is taken \(pid \d+, \S+\): bassin demo --port \d+\n"
    assert re.fullmatch(remedy, refused.stderr)


def test_ctrl_c_ends_everything_within_ten_seconds_and_the_next_start_shows_what_was_played(running_demo: Demo) -> None:
    assert running_demo.end(signal.SIGINT) < 10
    assert running_demo.process
    assert running_demo.process.returncode == 0
    assert not (running_demo.state / "run.json").exists()

    again = running_demo.run("--once")

    assert again.returncode == 0, again.stderr
    assert "2 académies, 46 établissements" in again.stdout
    assert TOTAL in again.stdout
    assert "Monday 19 April 2027" in again.stdout
    figures = re.search(r"services and gateway (\d+) MiB", again.stdout)
    assert figures
    assert int(figures[1]) < 250


def test_a_start_after_half_of_its_data_was_removed_begins_anew(running_demo: Demo) -> None:
    """As root PostgreSQL's data lie elsewhere: who removes .bassin removes Kafka's alone."""
    shutil.rmtree(running_demo.state / "kafka")

    again = running_demo.run("--play=census", "--once")

    assert again.returncode == 0, again.stderr
    assert not (running_demo.state / "clock").exists()


def test_the_letter_is_not_played_on_top_of_something_else(running_demo: Demo) -> None:
    """Nothing that somebody has done in a demo is forgotten unasked."""
    refused = running_demo.run("--once")

    assert refused.returncode == 3
    assert refused.stderr == "what this demo keeps is not the letter played to its end: bassin demo --fresh\n"


def test_a_start_after_an_interrupted_play_begins_anew(running_demo: Demo) -> None:
    """The letter cannot be played on from its middle."""
    clock, playing = running_demo.state / "clock", running_demo.state / "playing"
    playing.touch()
    clock.write_text("2026-10-26T10:00:00+02:00")

    again = running_demo.run("--play=census", "--once")

    assert again.returncode == 0, again.stderr
    assert not playing.exists()
    assert not clock.exists()
