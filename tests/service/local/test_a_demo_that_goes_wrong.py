"""A demo that is killed, loses its terminal or fails in a step leaves no process; what went wrong is one line."""

import os
import pty
import signal
import subprocess
import time

import psutil
import pytest
from tests.service.local.demos import Demo, still_runs


def broker_is_starting(demo: Demo) -> bool:
    return "2/6 PostgreSQL      ok" in demo.said()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_demo_killed_while_it_starts_leaves_nothing(fresh_demo: Demo, number: signal.Signals) -> None:
    fresh_demo.start(until=broker_is_starting)
    names = {process.name() for process in fresh_demo.family()}

    assert {"java", "postgres"} <= names
    assert fresh_demo.end(number) < 10


def test_a_terminal_that_goes_away_takes_the_demo_with_it(fresh_demo: Demo) -> None:
    ours, theirs = pty.openpty()
    command = ["setsid", "--ctty", *fresh_demo.command()]
    environment = fresh_demo.environment({})
    demo = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""
    while b"2/6 PostgreSQL      ok" not in seen:
        seen += os.read(ours, 1024)
    family = psutil.Process(demo.pid).children(recursive=True)

    os.close(ours)

    began = time.monotonic()
    demo.wait(15)
    while any(map(still_runs, family)):
        assert time.monotonic() - began < 10
        time.sleep(0.05)


def test_a_broker_that_does_not_answer_ends_what_had_started(fresh_demo: Demo) -> None:
    refused = fresh_demo.run(BASSIN_KAFKA="127.0.0.1:9")

    assert refused.returncode == 3
    assert refused.stderr.startswith("Apache Kafka at 127.0.0.1:9 refuses (")
    assert refused.stderr.count("\n") == 1
    assert not [p for p in psutil.process_iter() if str(fresh_demo.state) in " ".join(_command_of(p))]


def test_a_database_server_that_refuses_is_one_line(fresh_demo: Demo) -> None:
    refused = fresh_demo.run(BASSIN_ADMIN_DATABASE_URL="postgresql://postgres:no@127.0.0.1:9/postgres")

    assert refused.returncode == 3
    assert refused.stderr.startswith("PostgreSQL at 127.0.0.1:9 refuses (")
    assert refused.stderr.count("\n") == 1


def test_without_network_and_parts_it_says_so_in_one_line(fresh_demo: Demo) -> None:
    nowhere = {"XDG_CACHE_HOME": str(fresh_demo.state / "empty"), "HTTPS_PROXY": "http://127.0.0.1:9"}

    refused = fresh_demo.run(**nowhere)

    assert refused.returncode == 3
    assert refused.stderr.splitlines()[-1].endswith("connect to the network and run again")
    assert "Traceback" not in refused.stderr


def test_a_wrong_option_is_a_usage_error(fresh_demo: Demo) -> None:
    assert fresh_demo.run("--prot=1").returncode == 2


def _command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
